// Scaled exponential linear unit: (output, derivative). Klambauer et al., "Self-Normalizing Neural
// Networks", 2017, equation 14.
fn activate(x: f32) -> vec2f {
    let scale = 1.0507009873554805;
    let alpha = 1.0507009873554805 * 1.6732632423543772;
    let below = alpha * exp(min(x, 0.0));
    return select(vec2f(below - alpha, below), vec2f(scale * x, scale), x > 0.0);
}
