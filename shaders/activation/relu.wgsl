// Rectified linear unit: (output, slope).
fn activate(sum: f32) -> vec2f {
    return select(vec2f(0.0), vec2f(sum, 1.0), sum > 0.0);
}
