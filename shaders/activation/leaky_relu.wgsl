// Leaky rectified linear unit: (output, slope).
override LEAKY_SLOPE: f32;

fn activate(sum: f32) -> vec2f {
    let slope = select(LEAKY_SLOPE, 1.0, sum > 0.0);
    return vec2f(sum * slope, slope);
}
