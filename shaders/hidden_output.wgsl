// uses network.wgsl dropout.wgsl
// What becomes of a hidden layer's sums: activation, dropout, and for the way back the slopes.

@group(0) @binding(3) var<storage, read_write> values: array<f32>;             // (P, V)
@group(0) @binding(8) var<storage, read> networks: array<Network>;             // (P,)
@group(0) @binding(13) var<storage, read> dropout_rates: array<DropoutRate>;   // (P, H)

struct DropoutRate {
    threshold: u32,     // draws below it are dropped; rate * 2^32
    scale: f32,         // 1 / (1 - rate)
}

override OUTPUTS: u32;
override VALUES: u32;                  // V, floats of activations and slopes of one network
override OUTPUTS_AT: u32;              // where (B, O) starts within V
override SLOPES_AT: u32 = 0u;          // likewise
override PLACE: u32;                   // 1 for the first layer
override HIDDEN_LAYERS: u32;           // H
override KEEP_SLOPES: bool = false;    // for training, in hidden layers
override DROPOUT: bool = false;

// Store what becomes of the sums of four neighbouring units, the first one a multiple of 4.
fn store_units(network: u32, row: u32, column: u32, sums: vec4f) {
    var mask = vec4f(1.0);
    if (DROPOUT) {
        let state = networks[network];
        let rate = dropout_rates[network * HIDDEN_LAYERS + PLACE - 1u];
        mask = dropout_mask(state.seed, state.first_step + state.finished, PLACE, row, column,
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
