// uses bounded_tanh.wgsl
// 1.7159 tanh(2x / 3): (output, derivative). LeCun et al., "Efficient BackProp", 1998, section 4.4.
fn activate(x: f32) -> vec2f {
    let bent = bounded_tanh(x * (2.0 / 3.0));
    return vec2f(1.7159 * bent, 1.7159 * (2.0 / 3.0) * (1.0 - bent * bent));
}
