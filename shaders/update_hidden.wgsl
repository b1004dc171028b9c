// uses update.wgsl
// A later layer's inputs: the outputs of the layer below.

// Outputs `row` to `row + 3` for the batch's `k`-th sample.
fn four_inputs(place: Place, row: u32, k: u32) -> vec4f {
    return values[(place.network * VALUES + INPUTS_AT + k * INPUT_STRIDE + row) / 4u];
}
