// uses logistic.wgsl
// x * sigmoid(x), also called swish: (output, derivative).
fn activate(x: f32) -> vec2f {
    let gate = logistic(x);
    return vec2f(x * gate, gate * (1.0 + x * (1.0 - gate)));
}
