// uses network.wgsl dropout.wgsl dropout_rates.wgsl layer.wgsl
// Turns a hidden layer's preactivations into outputs: activation, dropout, and for the backward pass
// the derivatives.

@group(0) @binding(3) var<storage, read_write> values: array<vec4f>;           // (P, V)
@group(0) @binding(8) var<storage, read> networks: array<Network>;             // (P,)

override VALUES: u32;                  // V, numbers of activations and derivatives of one network
override OUTPUTS_AT: u32;              // where (B, O) starts within V
override DERIVATIVES_AT: u32 = 0u;     // likewise
override LAYER: u32;                   // 1 for the first layer
override HIDDEN_LAYERS: u32;           // H
override KEEP_DERIVATIVES: bool = false;  // for training, in hidden layers
override DROPOUT: bool = false;

// Stores the outputs of four neighboring units, the first unit a multiple of 4.
fn store_units(network: u32, row: u32, column: u32, preactivations: vec4f) {
    var mask = vec4f(1.0);
    if (DROPOUT) {
        let state = networks[network];
        let rate = dropout_rates[network * HIDDEN_LAYERS + LAYER - 1u];
        mask = dropout_mask(state.seed, state.first_step + state.finished, LAYER, row, column,
                            rate.threshold, rate.scale);
    }
    let x = activate(preactivations.x);
    let y = activate(preactivations.y);
    let z = activate(preactivations.z);
    let w = activate(preactivations.w);
    let at = network * VALUES + row * OUTPUT_STRIDE + column;
    let outputs = vec4f(x[0], y[0], z[0], w[0]);
    values[(OUTPUTS_AT + at) / 4u] = without_padding(outputs * mask, column);
    if (KEEP_DERIVATIVES) {
        let derivatives = vec4f(x[1], y[1], z[1], w[1]);
        values[(DERIVATIVES_AT + at) / 4u] = without_padding(derivatives * mask, column);
    }
}
