// Beyond 15 tanh is 1 to float32, and some drivers' tanh overflows for large arguments.
fn bounded_tanh(x: f32) -> f32 {
    return tanh(clamp(x, -15.0, 15.0));
}
