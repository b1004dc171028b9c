// uses bounded_tanh.wgsl
// Hyperbolic tangent: (output, slope).
fn activate(sum: f32) -> vec2f {
    let output = bounded_tanh(sum);
    return vec2f(output, 1.0 - output * output);
}
