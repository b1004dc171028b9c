// uses logistic.wgsl
// Logistic sigmoid: (output, slope).
fn activate(sum: f32) -> vec2f {
    let output = logistic(sum);
    return vec2f(output, output * (1.0 - output));
}
