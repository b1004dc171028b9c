// uses network.wgsl
// The way back through a layer's normalisation, a row a thread. The deltas with respect to the
// sums take the place of those with respect to the outputs, which are kept for the gains.

@group(0) @binding(0) var<storage, read> parameters: array<f32>;       // (P, N)
@group(0) @binding(3) var<storage, read_write> values: array<f32>;     // (P, V)

override THREADS: u32 = 64u;
override OUTPUTS: u32;
override PARAMETERS: u32;          // N
override VALUES: u32;              // V
override GAINS_AT: u32;            // where the gains (O,) start within N
override DELTAS_AT: u32;           // where (B, O) starts within V
override NORMALISED_AT: u32;       // likewise
override KEPT_AT: u32;             // likewise
override INVERSE_AT: u32;          // where (B,) starts within V

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) thread: vec3u) {
    let row = thread.x;
    if (row >= ROWS) {
        return;
    }
    let own = thread.z * VALUES;
    let first = row * OUTPUTS;
    let gains = thread.z * PARAMETERS + GAINS_AT;
    var shift = 0.0;
    var stretch = 0.0;
    for (var unit = 0u; unit < OUTPUTS; unit++) {
        let delta = values[own + DELTAS_AT + first + unit];
        values[own + KEPT_AT + first + unit] = delta;
        let slope = delta * parameters[gains + unit];
        shift += slope;
        stretch += slope * values[own + NORMALISED_AT + first + unit];
    }
    shift /= f32(OUTPUTS);
    stretch /= f32(OUTPUTS);
    let inverse = values[own + INVERSE_AT + row];
    for (var unit = 0u; unit < OUTPUTS; unit++) {
        let slope = values[own + KEPT_AT + first + unit] * parameters[gains + unit];
        let normalised = values[own + NORMALISED_AT + first + unit];
        values[own + DELTAS_AT + first + unit] = (slope - shift - normalised * stretch) * inverse;
    }
}
