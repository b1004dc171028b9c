// uses network.wgsl layer.wgsl schedule.wgsl regularize.wgsl
// One layer's gradient[i, o] = sum over b of inputs[b, i] * deltas[b, o], passed to the optimizer as
// soon as it is known, so that no gradient is stored. The biases are the weights of one more input,
// which is always 1.
// It is a matmul, so the entry point is in the tile. `update_sample.wgsl` (first layer) or
// `update_hidden.wgsl` reads the inputs.

@group(0) @binding(0) var<storage, read_write> parameters: array<vec4f>;       // (P, S)
@group(0) @binding(3) var<storage, read> values: array<vec4f>;                 // (P, V)
@group(0) @binding(8) var<storage, read> networks: array<Network>;             // (P,)

override PARAMETERS: u32;          // S
override VALUES: u32;              // V
override WEIGHTS_AT: u32;          // where this layer's (I + 1, O) block starts within S
override INPUTS_AT: u32 = 0u;      // where (B, I) starts within V; not used by the first layer
override DELTAS_AT: u32;           // where (B, O) starts within V
override OWN_RATES: bool = false;  // whether weights or biases use a fraction of the learning rate
override RATE: f32 = 1.0;          // the weights' fraction

fn locate(group: vec3u, thread: vec2u) -> Place {
    return Place(group.z, group.y * TILE_ROWS + thread.y * THREAD_ROWS,
                 group.x * TILE_COLUMNS + thread.x * THREAD_COLUMNS,
                 networks[group.z].finished - 1u, 0u);   // the head has counted this step
}

// The location of a sample's inputs depends on the term of the sum, not on the product's row.
fn left_rows(place: Place, row: u32) -> vec4u {
    return vec4u(0u);
}

// inputs[k .. k + 3, row .. row + 3], a column of the matrix per k; the input after the last is
// the biases' constant 1.
fn left_block(place: Place, unused: vec4u, row: u32, k: u32) -> mat4x4f {
    let bias = (vec4u(0u, 1u, 2u, 3u) == vec4u(INPUTS % 4u))
        & vec4<bool>(row == INPUTS - INPUTS % 4u);  // so that compilers know where it cannot be
    let samples = four_samples(place, k);
    return mat4x4f(
        select(four_inputs(place, samples.x, row, k), vec4f(1.0), bias),
        select(four_inputs(place, samples.y, row, k + 1u), vec4f(1.0), bias),
        select(four_inputs(place, samples.z, row, k + 2u), vec4f(1.0), bias),
        select(four_inputs(place, samples.w, row, k + 3u), vec4f(1.0), bias));
}

// deltas[k .. k + 3, column .. column + 3], a column of the matrix per k.
fn right_block(place: Place, k: u32, column: u32) -> mat4x4f {
    let at = (place.network * VALUES + DELTAS_AT) / 4u + k * OUTPUT_FOURS + column / 4u;
    return mat4x4f(
        values[at],
        values[at + OUTPUT_FOURS],
        values[at + 2u * OUTPUT_FOURS],
        values[at + 3u * OUTPUT_FOURS]);
}

fn store_block(place: Place, row: u32, column: u32, gradient: mat4x4f) {
    if (column >= OUTPUTS) {
        return;
    }
    let state = networks[place.network];
    let step = schedule_step(place.network, place.step);
    let of_weights = this_rule(state, at_share(step, RATE));
    let of_biases = this_rule(state, at_share(step, state.bias_rate));
    let first = place.network * PARAMETERS + WEIGHTS_AT + row * OUTPUT_STRIDE + column;
    var rows = gradient;
    for (var r = 0u; r < 4u && row + r <= INPUTS; r++) {
        let at = first + r * OUTPUT_STRIDE;
        let gradients = regularize_four(state, rows[r], parameters[at / 4u], row + r == INPUTS);
        var rule = of_weights;
        if (OWN_RATES && row + r == INPUTS) {
            rule = of_biases;
        }
        take_step(rule, state.weight_decay, at, gradients);
    }
}
