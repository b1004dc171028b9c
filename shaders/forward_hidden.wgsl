// uses forward.wgsl
// A later layer's left factor: the outputs of the layer below.

fn left_rows(place: Place, row: u32) -> vec4u {
    let at = place.network * VALUES + INPUTS_AT + row * INPUTS;
    return vec4u(at, at + INPUTS, at + 2u * INPUTS, at + 3u * INPUTS);
}

fn left_block(place: Place, rows_at: vec4u, row: u32, k: u32) -> mat4x4f {
    return transpose(mat4x4f(
        four_values(rows_at.x + k),
        four_values(rows_at.y + k),
        four_values(rows_at.z + k),
        four_values(rows_at.w + k)));
}

fn four_values(at: u32) -> vec4f {
    return vec4f(values[at], values[at + 1u], values[at + 2u], values[at + 3u]);
}
