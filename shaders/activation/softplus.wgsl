// uses logistic.wgsl
// log(1 + exp(x)): (output, slope).
fn activate(sum: f32) -> vec2f {
    return vec2f(max(sum, 0.0) + log(1.0 + exp(-abs(sum))), logistic(sum));
}
