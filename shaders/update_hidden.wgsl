// uses update.wgsl
// A later layer's inputs: the outputs of the layer below.

// Outputs `row` to `row + 3` for the batch's `k`-th sample. Past the batch's end it is the last
// sample again, whose factor on the right is zero.
fn four_inputs(place: Place, row: u32, k: u32) -> vec4f {
    let at = place.network * VALUES + INPUTS_AT + min(k, ROWS - 1u) * INPUTS + row;
    return vec4f(values[at], values[at + 1u], values[at + 2u], values[at + 3u]);
}
