// Logistic sigmoid: (output, slope). Where exp overflows the output is 1 / inf = 0; the clamp
// keeps that from resting on a driver's treatment of infinity.
fn activate(sum: f32) -> vec2f {
    let output = 1.0 / (1.0 + exp(-clamp(sum, -87.0, 87.0)));
    return vec2f(output, output * (1.0 - output));
}
