// uses network.wgsl dropout.wgsl hidden_output.wgsl
// Layer normalisation of a hidden layer, a row a thread: normalised = (sum - mean) / deviation
// over the row's units, output = dropout(activation(gain * normalised + offset)).
// Ba, Kiros & Hinton, "Layer Normalization", 2016, equation 4.

@group(0) @binding(0) var<storage, read> parameters: array<f32>;       // (P, N)

override THREADS: u32 = 64u;
override PARAMETERS: u32;              // N
override GAINS_AT: u32;                // where the gains (O,) start within N; the offsets follow
override NORMALISED_AT: u32 = 0u;      // where (B, O) starts within V; training only
override INVERSE_AT: u32 = 0u;         // where (B,) starts within V; training only

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) thread: vec3u) {
    let network = thread.z;
    let row = thread.x;
    if (row >= ROWS) {
        return;
    }
    let first = network * VALUES + OUTPUTS_AT + row * OUTPUTS;
    var sum = 0.0;
    for (var unit = 0u; unit < OUTPUTS; unit++) {
        sum += values[first + unit];
    }
    let mean = sum / f32(OUTPUTS);
    var squares = 0.0;
    for (var unit = 0u; unit < OUTPUTS; unit++) {
        let centred = values[first + unit] - mean;
        squares += centred * centred;
    }
    let inverse = 1.0 / sqrt(squares / f32(OUTPUTS) + 1e-5);
    if (KEEP_SLOPES) {
        values[network * VALUES + INVERSE_AT + row] = inverse;
    }
    for (var unit = 0u; unit < OUTPUTS; unit += 4u) {
        store_units(network, row, unit, four_normalised(network, row, unit, mean, inverse));
    }
}

// Four units normalised, scaled and shifted; those past the last are not stored.
fn four_normalised(network: u32, row: u32, unit: u32, mean: f32, inverse: f32) -> vec4f {
    var four: vec4f;
    for (var i = 0u; i < 4u && unit + i < OUTPUTS; i++) {
        let at = row * OUTPUTS + unit + i;
        let normalised = (values[network * VALUES + OUTPUTS_AT + at] - mean) * inverse;
        if (KEEP_SLOPES) {
            values[network * VALUES + NORMALISED_AT + at] = normalised;
        }
        let gain_at = network * PARAMETERS + GAINS_AT + unit + i;
        four[i] = normalised * parameters[gain_at] + parameters[gain_at + OUTPUTS];
    }
    return four;
}
