// Rectified linear unit: (output, derivative).
fn activate(x: f32) -> vec2f {
    return select(vec2f(0.0), vec2f(x, 1.0), x > 0.0);
}
