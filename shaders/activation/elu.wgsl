// Exponential linear unit with alpha 1: (output, derivative).
fn activate(x: f32) -> vec2f {
    let below = exp(min(x, 0.0));
    return select(vec2f(below - 1.0, below), vec2f(x, 1.0), x > 0.0);
}
