// uses update.wgsl
// A later layer's inputs: the outputs of the layer below.

fn left_rows(place: Place, row: u32) -> vec4u {
    return vec4u(0u);
}

// inputs[k .. k + 3, row .. row + 3], a column of the matrix per k.
fn left_block(place: Place, unused: vec4u, row: u32, k: u32) -> mat4x4f {
    return mat4x4f(
        four_inputs(place, row, k),
        four_inputs(place, row, k + 1u),
        four_inputs(place, row, k + 2u),
        four_inputs(place, row, k + 3u));
}

// Past the batch's end it is the last row again, whose factor on the right is zero.
fn four_inputs(place: Place, row: u32, k: u32) -> vec4f {
    let at = place.network * VALUES + INPUTS_AT + min(k, ROWS - 1u) * INPUTS + row;
    return with_bias_input(
        vec4f(values[at], values[at + 1u], values[at + 2u], values[at + 3u]), row);
}
