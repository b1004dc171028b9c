// uses logistic.wgsl
// x * sigmoid(x), also called swish: (output, slope).
fn activate(sum: f32) -> vec2f {
    let gate = logistic(sum);
    return vec2f(sum * gate, gate * (1.0 + sum * (1.0 - gate)));
}
