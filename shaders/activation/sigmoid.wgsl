// uses logistic.wgsl
// Logistic sigmoid: (output, derivative).
fn activate(x: f32) -> vec2f {
    let output = logistic(x);
    return vec2f(output, output * (1.0 - output));
}
