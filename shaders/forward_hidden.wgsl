// uses forward.wgsl
// The left factor of a later layer's matmul: the outputs of the layer below.

fn left_rows(place: Place, row: u32) -> vec4u {
    let at = (place.network * VALUES + INPUTS_AT + place.first) / 4u + row * INPUT_FOURS;
    return vec4u(at) + vec4u(0u, 1u, 2u, 3u) * INPUT_FOURS;
}

fn left_block(place: Place, rows_at: vec4u, row: u32, k: u32) -> mat4x4f {
    return transpose(mat4x4f(
        values[rows_at.x + k / 4u],
        values[rows_at.y + k / 4u],
        values[rows_at.z + k / 4u],
        values[rows_at.w + k / 4u]));
}
