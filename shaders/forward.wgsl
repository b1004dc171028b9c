// uses network.wgsl hidden_output.wgsl
// One layer: outputs[b, o] = dropout(activation(sum over i of inputs[b, i] * weights[i, o]
// + biases[o])), and for the way back slopes[b, o], the activation's slope times the dropout's
// factor.
//
// A product of two matrices, so the entry point lies in the tile that multiplies; here stands
// what is multiplied and what becomes of it. Where the inputs come from is said by
// `forward_sample.wgsl` (first layer) or `forward_hidden.wgsl`.

@group(0) @binding(0) var<storage, read> parameters: array<f32>;       // (P, N)

override INPUTS: u32;
override PARAMETERS: u32;              // N
override WEIGHTS_AT: u32;              // where this layer's (I + 1, O) block starts within N
override INPUTS_AT: u32 = 0u;          // where (B, I) starts within V; not used by the first layer

fn locate(group: vec3u, thread: vec2u) -> Place {
    return Place(group.z, group.y * TILE_ROWS + thread.y * THREAD_ROWS,
                 group.x * TILE_COLUMNS + thread.x * THREAD_COLUMNS, networks[group.z].finished);
}

// weights[k .. k + 3, column .. column + 3], a column of the matrix per k. Zero past the last
// row, where the biases and other layers lie.
fn right_block(place: Place, k: u32, column: u32) -> mat4x4f {
    let at = place.network * PARAMETERS + WEIGHTS_AT + k * OUTPUTS + column;
    return mat4x4f(
        weights_row(at, k),
        weights_row(at + OUTPUTS, k + 1u),
        weights_row(at + 2u * OUTPUTS, k + 2u),
        weights_row(at + 3u * OUTPUTS, k + 3u));
}

fn weights_row(at: u32, k: u32) -> vec4f {
    if (INPUTS % 4u != 0u && k >= INPUTS) {
        return vec4f(0.0);
    }
    return vec4f(parameters[at], parameters[at + 1u], parameters[at + 2u], parameters[at + 3u]);
}

fn store_block(place: Place, row: u32, column: u32, sums: mat4x4f) {
    if (column >= OUTPUTS || row >= ROWS) {
        return;
    }
    let at = place.network * PARAMETERS + WEIGHTS_AT + INPUTS * OUTPUTS + column;
    let biases = vec4f(
        parameters[at], parameters[at + 1u], parameters[at + 2u], parameters[at + 3u]);
    store_row(place.network, row, column, sums[0] + biases);
    store_row(place.network, row + 1u, column, sums[1] + biases);
    store_row(place.network, row + 2u, column, sums[2] + biases);
    store_row(place.network, row + 3u, column, sums[3] + biases);
}

fn store_row(network: u32, row: u32, column: u32, sums: vec4f) {
    if (row < ROWS) {
        store_units(network, row, column, sums);
    }
}
