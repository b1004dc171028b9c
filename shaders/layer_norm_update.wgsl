// uses network.wgsl layer.wgsl schedule.wgsl regularize.wgsl
// The gradient and update of a layer's scales and shifts, four units per thread: the gradient of a
// scale is the sum over the rows of delta * normalized, that of a shift the sum of the deltas.

@group(0) @binding(0) var<storage, read_write> parameters: array<vec4f>;       // (P, S)
@group(0) @binding(3) var<storage, read> values: array<vec4f>;                 // (P, V)
@group(0) @binding(8) var<storage, read> networks: array<Network>;             // (P,)

override THREADS: u32 = 64u;
override PARAMETERS: u32;          // S
override VALUES: u32;              // V
override SCALES_AT: u32;           // where the scales (O,) start within S; the shifts follow
override NORMALIZED_AT: u32;       // where (B, O) starts within V
override KEPT_AT: u32;             // likewise: the deltas with respect to the outputs

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) thread: vec3u) {
    let unit = 4u * thread.x;
    if (unit >= OUTPUTS) {
        return;
    }
    var of_scales = vec4f(0.0);
    var of_shifts = vec4f(0.0);
    for (var row = 0u; row < ROWS; row++) {
        let at = thread.z * VALUES + row * OUTPUT_STRIDE + unit;
        let deltas = values[(KEPT_AT + at) / 4u];
        of_scales += deltas * values[(NORMALIZED_AT + at) / 4u];
        of_shifts += deltas;
    }
    let state = networks[thread.z];
    let rule = this_rule(state, schedule_step(thread.z, state.finished - 1u));
    let scales_at = thread.z * PARAMETERS + SCALES_AT + unit;
    move_four(state, rule, scales_at, of_scales);
    move_four(state, rule, scales_at + OUTPUT_STRIDE, of_shifts);
}

// Scales and shifts have no penalties.
fn move_four(state: Network, rule: Rule, at: u32, gradient: vec4f) {
    take_step(rule, state.weight_decay, at, regularize_four(state, gradient, vec4f(0.0), false));
}
