// uses network.wgsl layer.wgsl schedule.wgsl regularize.wgsl
// The step of a layer's gains and offsets, four units a thread: the gradient of a gain is the sum
// over the rows of delta * normalized, that of an offset the sum of the deltas.

@group(0) @binding(0) var<storage, read_write> parameters: array<vec4f>;       // (P, S)
@group(0) @binding(3) var<storage, read> values: array<vec4f>;                 // (P, V)
@group(0) @binding(8) var<storage, read> networks: array<Network>;             // (P,)

override THREADS: u32 = 64u;
override PARAMETERS: u32;          // S
override VALUES: u32;              // V
override GAINS_AT: u32;            // where the gains (O,) start within S; the offsets follow
override NORMALISED_AT: u32;       // where (B, O) starts within V
override KEPT_AT: u32;             // likewise: the deltas with respect to the outputs

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) thread: vec3u) {
    let unit = 4u * thread.x;
    if (unit >= OUTPUTS) {
        return;
    }
    var of_gains = vec4f(0.0);
    var of_offsets = vec4f(0.0);
    for (var row = 0u; row < ROWS; row++) {
        let at = thread.z * VALUES + row * OUTPUT_STRIDE + unit;
        let deltas = values[(KEPT_AT + at) / 4u];
        of_gains += deltas * values[(NORMALISED_AT + at) / 4u];
        of_offsets += deltas;
    }
    let state = networks[thread.z];
    let rule = this_rule(state, schedule_step(thread.z, state.finished - 1u));
    let gains_at = thread.z * PARAMETERS + GAINS_AT + unit;
    move_four(state, rule, gains_at, of_gains);
    move_four(state, rule, gains_at + OUTPUT_STRIDE, of_offsets);
}

// Gains and offsets have no penalties.
fn move_four(state: Network, rule: Rule, at: u32, gradient: vec4f) {
    take_step(rule, state.weight_decay, at, regularize_four(state, gradient, vec4f(0.0), false));
}
