// uses update.wgsl
// A later layer's inputs: the outputs of the layer below.

// The offsets of the outputs for the batch's samples `k` to `k + 3`.
fn four_samples(place: Place, k: u32) -> vec4u {
    let at = (place.network * VALUES + INPUTS_AT) / 4u + k * INPUT_FOURS;
    return vec4u(at) + vec4u(0u, 1u, 2u, 3u) * INPUT_FOURS;
}

// Outputs `row` to `row + 3` for the batch's `k`-th sample.
fn four_inputs(place: Place, sample_at: u32, row: u32, k: u32) -> vec4f {
    return values[sample_at + row / 4u];
}
