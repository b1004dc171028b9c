// uses bounded_tanh.wgsl
// GELU by its approximation with tanh: (output, derivative). Hendrycks & Gimpel, "Gaussian Error
// Linear Units", 2016, section 2.
fn activate(x: f32) -> vec2f {
    let rate = 0.7978845608028654;    // sqrt(2 / pi)
    let bent = bounded_tanh(rate * (x + 0.044715 * x * x * x));
    let inner = rate * (1.0 + 3.0 * 0.044715 * x * x);
    return vec2f(0.5 * x * (1.0 + bent),
                 0.5 * (1.0 + bent) + 0.5 * x * (1.0 - bent * bent) * inner);
}
