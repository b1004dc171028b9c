// x * tanh(log(1 + exp(x))): (output, derivative). Misra, "Mish: A Self Regularized Non-Monotonic
// Activation Function", 2019. With g = exp(x) and a = g (g + 2) the tanh is a / (a + 2).
fn activate(x: f32) -> vec2f {
    let bounded = min(x, 20.0);     // from here on the tanh is 1
    let grown = exp(bounded);
    let above = grown * (grown + 2.0);
    let share = above / (above + 2.0);
    let slope = 4.0 * grown * (1.0 + grown) / ((above + 2.0) * (above + 2.0));
    return vec2f(x * share, share + bounded * slope);
}
