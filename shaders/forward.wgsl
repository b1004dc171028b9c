// uses network.wgsl dropout.wgsl
// One layer: outputs[b, o] = dropout(activation(sum over i of inputs[b, i] * weights[i, o]
// + biases[o])), and for the way back slopes[b, o], the activation's slope times the dropout's
// factor.
//
// A product of two matrices, so the entry point lies in the tile that multiplies; here stands
// what is multiplied and what becomes of it. Where the inputs come from is said by
// `forward_sample.wgsl` (first layer) or `forward_hidden.wgsl`.

@group(0) @binding(0) var<storage, read> parameters: array<f32>;       // (P, N)
@group(0) @binding(3) var<storage, read_write> values: array<f32>;     // (P, V)
@group(0) @binding(8) var<storage, read> networks: array<Network>;     // (P,)
@group(0) @binding(13) var<storage, read> dropout_rates: array<DropoutRate>;   // (P, H)

struct DropoutRate {
    threshold: u32,     // draws below it are dropped; rate * 2^32
    scale: f32,         // 1 / (1 - rate)
}

override INPUTS: u32;
override OUTPUTS: u32;
override PARAMETERS: u32;              // N
override VALUES: u32;                  // V, floats of activations and slopes of one network
override WEIGHTS_AT: u32;              // where this layer's (I + 1, O) block starts within N
override INPUTS_AT: u32 = 0u;          // where (B, I) starts within V; not used by the first layer
override OUTPUTS_AT: u32;              // where (B, O) starts within V
override SLOPES_AT: u32 = 0u;          // likewise
override PLACE: u32;                   // 1 for the first layer
override HIDDEN_LAYERS: u32;           // H
override KEEP_SLOPES: bool = false;    // for training, in hidden layers
override DROPOUT: bool = false;

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
    store_row(place.network, place.step, row, column, sums[0] + biases);
    store_row(place.network, place.step, row + 1u, column, sums[1] + biases);
    store_row(place.network, place.step, row + 2u, column, sums[2] + biases);
    store_row(place.network, place.step, row + 3u, column, sums[3] + biases);
}

fn store_row(network: u32, step: u32, row: u32, column: u32, sums: vec4f) {
    if (row >= ROWS) {
        return;
    }
    var mask = vec4f(1.0);
    if (DROPOUT) {
        let state = networks[network];
        let rate = dropout_rates[network * HIDDEN_LAYERS + PLACE - 1u];
        mask = dropout_mask(state.seed, state.first_step + step, PLACE, row, column,
                            rate.threshold, rate.scale);
    }
    let at = network * VALUES + row * OUTPUTS + column;
    store_value(at, column, activate(sums.x) * mask.x);
    store_value(at + 1u, column + 1u, activate(sums.y) * mask.y);
    store_value(at + 2u, column + 2u, activate(sums.z) * mask.z);
    store_value(at + 3u, column + 3u, activate(sums.w) * mask.w);
}

fn store_value(at: u32, column: u32, output_and_slope: vec2f) {
    if (column < OUTPUTS) {
        values[OUTPUTS_AT + at] = output_and_slope.x;
        if (KEEP_SLOPES) {
            values[SLOPES_AT + at] = output_and_slope.y;
        }
    }
}
