// uses network.wgsl hidden_output.wgsl
// One layer: outputs[b, o] = dropout(activation(sum over i of inputs[b, i] * weights[i, o]
// + biases[o])), and for the backward pass derivatives[b, o], the activation's derivative
// times the dropout mask.
// It is a matmul, so the entry point is in the tile; this file provides the factors and stores the
// result. `forward_sample.wgsl` (first layer) or `forward_hidden.wgsl` reads the inputs.
//
// The last layer's sums may be split: each workgroup adds DEPTH of the terms, and the head adds the
// PARTS partial sums (PARTS, B, O). The biases are in the first part.

@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;     // (P, S)

override PARAMETERS: u32;              // S
override WEIGHTS_AT: u32;              // where this layer's (I + 1, O) block starts within S
override INPUTS_AT: u32 = 0u;          // where (B, I) starts within V; not used by the first layer
override PARTS: u32 = 1u;

fn locate(group: vec3u, thread: vec2u) -> Place {
    return Place(group.z, group.y * TILE_ROWS + thread.y * THREAD_ROWS,
                 group.x / PARTS * TILE_COLUMNS + thread.x * THREAD_COLUMNS,
                 networks[group.z].finished, group.x % PARTS * DEPTH);
}

// weights[k .. k + 3, column .. column + 3], a column of the matrix per k; k counts from the place's
// first term. Values past the last weights are multiplied by the left factor's zero padding.
fn right_block(place: Place, k: u32, column: u32) -> mat4x4f {
    let at = (place.network * PARAMETERS + WEIGHTS_AT) / 4u
        + (place.first + k) * OUTPUT_FOURS + column / 4u;
    return mat4x4f(
        parameters[at],
        parameters[at + OUTPUT_FOURS],
        parameters[at + 2u * OUTPUT_FOURS],
        parameters[at + 3u * OUTPUT_FOURS]);
}

fn store_block(place: Place, row: u32, column: u32, sums: mat4x4f) {
    if (column >= OUTPUTS || row >= ROWS) {
        return;
    }
    let biases_at = place.network * PARAMETERS + WEIGHTS_AT + INPUTS * OUTPUT_STRIDE + column;
    var biases = parameters[biases_at / 4u];
    if (place.first > 0u) {
        biases = vec4f(0.0);
    }
    let stored_row = place.first / DEPTH * BATCH_STRIDE + row;
    store_units(place.network, stored_row, column, sums[0] + biases);
    store_units(place.network, stored_row + 1u, column, sums[1] + biases);
    store_units(place.network, stored_row + 2u, column, sums[2] + biases);
    store_units(place.network, stored_row + 3u, column, sums[3] + biases);
}
