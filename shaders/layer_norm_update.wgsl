// uses network.wgsl schedule.wgsl regularise.wgsl
// The step of a layer's gains and offsets, a unit a thread: the gradient of a gain is the sum over
// the rows of delta * normalised, that of an offset the sum of the deltas.

@group(0) @binding(0) var<storage, read_write> parameters: array<f32>;         // (P, N)
@group(0) @binding(3) var<storage, read> values: array<f32>;                   // (P, V)
@group(0) @binding(8) var<storage, read> networks: array<Network>;             // (P,)

override THREADS: u32 = 64u;
override OUTPUTS: u32;
override PARAMETERS: u32;          // N
override VALUES: u32;              // V
override GAINS_AT: u32;            // where the gains (O,) start within N; the offsets follow
override NORMALISED_AT: u32;       // where (B, O) starts within V
override KEPT_AT: u32;             // likewise: the deltas with respect to the outputs

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) thread: vec3u) {
    let unit = thread.x;
    if (unit >= OUTPUTS) {
        return;
    }
    var of_gain = 0.0;
    var of_offset = 0.0;
    for (var row = 0u; row < ROWS; row++) {
        let at = thread.z * VALUES + row * OUTPUTS + unit;
        let delta = values[KEPT_AT + at];
        of_gain += delta * values[NORMALISED_AT + at];
        of_offset += delta;
    }
    let state = networks[thread.z];
    let rule = this_rule(state, schedule_step(thread.z, state.finished - 1u));
    let gain_at = thread.z * PARAMETERS + GAINS_AT + unit;
    move_one(state, rule, gain_at, of_gain);
    move_one(state, rule, gain_at + OUTPUTS, of_offset);
}

// Gains and offsets have no penalties.
fn move_one(state: Network, rule: Rule, at: u32, gradient: f32) {
    let slope = regularise(state, vec4f(gradient), vec4f(0.0), false);
    take_step(rule, state.weight_decay, at, 1u, slope);
}
