// 1 / (1 + exp(-x)), with an exponential that cannot overflow.
fn logistic(x: f32) -> f32 {
    let small = exp(-abs(x));
    return select(small, 1.0, x >= 0.0) / (1.0 + small);
}
