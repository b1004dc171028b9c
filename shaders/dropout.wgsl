// uses rng.wgsl
// Dropout masks, computed again wherever they are needed instead of being stored.

// The factors for four neighboring units, the first one a multiple of 4: 0 or `scale`.
// `layer` is 0 for the input and l for the l-th hidden layer.
fn dropout_mask(
    seed: u32, step: u32, layer: u32, row: u32, unit: u32, threshold: u32, scale: f32,
) -> vec4f {
    let draws = pcg4d(vec4u(seed, step, row | (layer << 24u), unit / 4u));
    return select(vec4f(0.0), vec4f(scale), draws >= vec4u(threshold));
}
