// uses network.wgsl
// The way back through one layer: deltas_below[b, i] = slopes_below[b, i] * sum over o of
// deltas[b, o] * weights[i, o]. The deltas below take the place of the slopes.

@group(0) @binding(0) var<storage, read> parameters: array<f32>;       // (P, N)
@group(0) @binding(3) var<storage, read_write> values: array<f32>;     // (P, V)

override INPUTS: u32;
override OUTPUTS: u32;
override PARAMETERS: u32;          // N
override VALUES: u32;              // V
override WEIGHTS_AT: u32;          // where this layer's (I + 1, O) block starts within N
override DELTAS_AT: u32;           // where (B, O) starts within V
override SLOPES_AT: u32;           // where (B, I) of the layer below starts within V

fn locate(group: vec3u, thread: vec2u) -> Place {
    return Place(group.z, group.y * TILE_ROWS + thread.y * THREAD_ROWS,
                 group.x * TILE_COLUMNS + thread.x * THREAD_COLUMNS, 0u);
}

fn left_rows(place: Place, row: u32) -> vec4u {
    let at = place.network * VALUES + DELTAS_AT + row * OUTPUTS;
    return vec4u(at, at + OUTPUTS, at + 2u * OUTPUTS, at + 3u * OUTPUTS);
}

// deltas[row .. row + 3, k .. k + 3], a column of the matrix per k.
fn left_block(place: Place, rows_at: vec4u, row: u32, k: u32) -> mat4x4f {
    return transpose(mat4x4f(
        four_deltas(rows_at.x, k),
        four_deltas(rows_at.y, k),
        four_deltas(rows_at.z, k),
        four_deltas(rows_at.w, k)));
}

// Zero past the row's end, where the next row lies.
fn four_deltas(row_at: u32, k: u32) -> vec4f {
    let at = row_at + k;
    let deltas = vec4f(values[at], values[at + 1u], values[at + 2u], values[at + 3u]);
    if (OUTPUTS % 4u == 0u) {
        return deltas;
    }
    return select(vec4f(0.0), deltas, vec4u(k) + vec4u(0u, 1u, 2u, 3u) < vec4u(OUTPUTS));
}

// weights[column .. column + 3, k .. k + 3] transposed, a column of the matrix per k.
fn right_block(place: Place, k: u32, column: u32) -> mat4x4f {
    let at = place.network * PARAMETERS + WEIGHTS_AT + column * OUTPUTS + k;
    return transpose(mat4x4f(
        four_weights(at),
        four_weights(at + OUTPUTS),
        four_weights(at + 2u * OUTPUTS),
        four_weights(at + 3u * OUTPUTS)));
}

fn four_weights(at: u32) -> vec4f {
    return vec4f(parameters[at], parameters[at + 1u], parameters[at + 2u], parameters[at + 3u]);
}

fn store_block(place: Place, row: u32, column: u32, sums: mat4x4f) {
    for (var r = 0u; r < 4u; r++) {
        for (var c = 0u; c < 4u; c++) {
            if (row + r < ROWS && column + c < INPUTS) {
                values[place.network * VALUES + SLOPES_AT + (row + r) * INPUTS + column + c]
                    *= sums[r][c];
            }
        }
    }
}
