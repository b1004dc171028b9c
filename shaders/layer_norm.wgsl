// uses network.wgsl dropout.wgsl hidden_output.wgsl
// Layer normalization of a hidden layer, one row per thread: normalized = (preactivation - mean)
// / deviation over the row's units, output = dropout(activation(scale * normalized + shift)).
// Ba, Kiros & Hinton, "Layer Normalization", 2016, equation 4.

@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;     // (P, S)

override THREADS: u32 = 64u;
override PARAMETERS: u32;              // S
override SCALES_AT: u32;               // where the scales (O,) start within S; the shifts follow
override NORMALIZED_AT: u32 = 0u;      // where (B, O) starts within V; training only
override INVERSE_AT: u32 = 0u;         // where (B, 4) starts within V; training only

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) thread: vec3u) {
    let network = thread.z;
    let row = thread.x;
    if (row >= ROWS) {
        return;
    }
    let first = network * VALUES + OUTPUTS_AT + row * OUTPUT_STRIDE;
    var sums = vec4f(0.0);
    for (var unit = 0u; unit < OUTPUTS; unit += 4u) {
        sums += values[(first + unit) / 4u];
    }
    let mean = dot(sums, vec4f(1.0)) / f32(OUTPUTS);
    var squares = 0.0;
    for (var unit = 0u; unit < OUTPUTS; unit += 4u) {
        let centered = without_padding(values[(first + unit) / 4u] - mean, unit);
        squares += dot(centered, centered);
    }
    let inverse = 1.0 / sqrt(squares / f32(OUTPUTS) + 1e-5);
    if (KEEP_DERIVATIVES) {
        values[(network * VALUES + INVERSE_AT) / 4u + row] = vec4f(inverse);
    }
    let scales = network * PARAMETERS + SCALES_AT;
    for (var unit = 0u; unit < OUTPUTS; unit += 4u) {
        let at = row * OUTPUT_STRIDE + unit;
        let centered = without_padding(values[(first + unit) / 4u] - mean, unit);
        let normalized = centered * inverse;
        if (KEEP_DERIVATIVES) {
            values[(network * VALUES + NORMALIZED_AT + at) / 4u] = normalized;
        }
        let scaled = normalized * parameters[(scales + unit) / 4u]
            + parameters[(scales + OUTPUT_STRIDE + unit) / 4u];
        store_units(network, row, unit, scaled);
    }
}
