// uses network.wgsl layer.wgsl
// The backward pass of one layer: deltas_below[b, i] = derivatives_below[b, i] * sum over o of
// deltas[b, o] * weights[i, o]. The deltas below overwrite the derivatives.

@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;     // (P, S)
@group(0) @binding(3) var<storage, read_write> values: array<vec4f>;   // (P, V)

override PARAMETERS: u32;          // S
override VALUES: u32;              // V
override WEIGHTS_AT: u32;          // where this layer's (I + 1, O) block starts within S
override DELTAS_AT: u32;           // where (B, O) starts within V
override DERIVATIVES_AT: u32;      // where (B, I) of the layer below starts within V

fn locate(group: vec3u, thread: vec2u) -> Place {
    return Place(group.z, group.y * TILE_ROWS + thread.y * THREAD_ROWS,
                 group.x * TILE_COLUMNS + thread.x * THREAD_COLUMNS, 0u, 0u);
}

fn left_rows(place: Place, row: u32) -> vec4u {
    let at = (place.network * VALUES + DELTAS_AT) / 4u + row * OUTPUT_FOURS;
    return vec4u(at) + vec4u(0u, 1u, 2u, 3u) * OUTPUT_FOURS;
}

// deltas[row .. row + 3, k .. k + 3], a column of the matrix per k.
fn left_block(place: Place, rows_at: vec4u, row: u32, k: u32) -> mat4x4f {
    return transpose(mat4x4f(
        values[rows_at.x + k / 4u],
        values[rows_at.y + k / 4u],
        values[rows_at.z + k / 4u],
        values[rows_at.w + k / 4u]));
}

// weights[column .. column + 3, k .. k + 3] transposed, a column of the matrix per k.
fn right_block(place: Place, k: u32, column: u32) -> mat4x4f {
    let at = (place.network * PARAMETERS + WEIGHTS_AT) / 4u + column * OUTPUT_FOURS + k / 4u;
    return transpose(mat4x4f(
        parameters[at],
        parameters[at + OUTPUT_FOURS],
        parameters[at + 2u * OUTPUT_FOURS],
        parameters[at + 3u * OUTPUT_FOURS]));
}

// The padding of the derivatives is zero, so that of the deltas is zero, too.
fn store_block(place: Place, row: u32, column: u32, sums: mat4x4f) {
    if (column >= INPUTS || row >= ROWS) {
        return;
    }
    let at = place.network * VALUES + DERIVATIVES_AT + row * INPUT_STRIDE + column;
    values[at / 4u] *= sums[0];
    values[(at + INPUT_STRIDE) / 4u] *= sums[1];
    values[(at + 2u * INPUT_STRIDE) / 4u] *= sums[2];
    values[(at + 3u * INPUT_STRIDE) / 4u] *= sums[3];
}
