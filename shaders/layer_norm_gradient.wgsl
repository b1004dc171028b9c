// uses network.wgsl layer.wgsl
// The backward pass of layer normalization, one row per thread. The deltas with respect to the
// preactivations overwrite those with respect to the outputs; a copy of the latter is kept for the
// gradient of the scales and shifts.

@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;     // (P, S)
@group(0) @binding(3) var<storage, read_write> values: array<vec4f>;   // (P, V)

override THREADS: u32 = 64u;
override PARAMETERS: u32;          // S
override VALUES: u32;              // V
override SCALES_AT: u32;           // where the scales (O,) start within S
override DELTAS_AT: u32;           // where (B, O) starts within V
override NORMALIZED_AT: u32;       // likewise
override KEPT_AT: u32;             // likewise
override INVERSE_AT: u32;          // where (B, 4) starts within V

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) thread: vec3u) {
    let row = thread.x;
    if (row >= ROWS) {
        return;
    }
    let own = thread.z * VALUES;
    let first = row * OUTPUT_STRIDE;
    let scales = thread.z * PARAMETERS + SCALES_AT;
    var shifts = vec4f(0.0);
    var stretches = vec4f(0.0);
    for (var unit = 0u; unit < OUTPUTS; unit += 4u) {
        let deltas = values[(own + DELTAS_AT + first + unit) / 4u];
        values[(own + KEPT_AT + first + unit) / 4u] = deltas;
        let scaled = deltas * parameters[(scales + unit) / 4u];
        shifts += scaled;
        stretches += scaled * values[(own + NORMALIZED_AT + first + unit) / 4u];
    }
    let shift = dot(shifts, vec4f(1.0)) / f32(OUTPUTS);
    let stretch = dot(stretches, vec4f(1.0)) / f32(OUTPUTS);
    let inverse = values[(own + INVERSE_AT) / 4u + row].x;
    for (var unit = 0u; unit < OUTPUTS; unit += 4u) {
        let at = own + first + unit;
        let scaled = values[(KEPT_AT + at) / 4u] * parameters[(scales + unit) / 4u];
        let normalized = values[(NORMALIZED_AT + at) / 4u];
        values[(DELTAS_AT + at) / 4u] =
            without_padding((scaled - shift - normalized * stretch) * inverse, unit);
    }
}
