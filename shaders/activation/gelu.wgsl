// x times the normal cumulative distribution at x: (output, derivative). Hendrycks & Gimpel,
// "Gaussian Error Linear Units", 2016.
fn activate(x: f32) -> vec2f {
    let share = 0.5 * (1.0 + error_function(x * 0.7071067811865476));
    let density = exp(-0.5 * x * x) * 0.3989422804014327;    // 1 / sqrt(2 pi)
    return vec2f(x * share, share + x * density);
}

// Abramowitz & Stegun, "Handbook of Mathematical Functions", 1964, formula 7.1.26; it is off by
// at most 1.5e-7.
fn error_function(x: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.3275911 * abs(x));
    let series = t * (0.254829592 + t * (-0.284496736
        + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    return sign(x) * (1.0 - series * exp(-x * x));
}
