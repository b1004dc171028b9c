// uses bounded_tanh.wgsl
// Hyperbolic tangent: (output, derivative).
fn activate(x: f32) -> vec2f {
    let output = bounded_tanh(x);
    return vec2f(output, 1.0 - output * output);
}
