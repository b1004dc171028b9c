// Leaky rectified linear unit: (output, derivative).
override LEAKY_SLOPE: f32;

fn activate(x: f32) -> vec2f {
    let derivative = select(LEAKY_SLOPE, 1.0, x > 0.0);
    return vec2f(x * derivative, derivative);
}
