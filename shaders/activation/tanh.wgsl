// Hyperbolic tangent: (output, slope). Beyond 15 it is 1 to float32, and some drivers' tanh
// overflows for large arguments.
fn activate(sum: f32) -> vec2f {
    let output = tanh(clamp(sum, -15.0, 15.0));
    return vec2f(output, 1.0 - output * output);
}
