// uses logistic.wgsl
// log(1 + exp(x)): (output, derivative).
fn activate(x: f32) -> vec2f {
    return vec2f(max(x, 0.0) + log(1.0 + exp(-abs(x))), logistic(x));
}
