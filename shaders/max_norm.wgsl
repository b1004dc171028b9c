// uses network.wgsl layer.wgsl
// Scales the incoming weights of every unit down to the network's bound on their norm, four units
// per thread. Srivastava et al., "Dropout", 2014, section 5.1.

@group(0) @binding(0) var<storage, read_write> parameters: array<vec4f>;       // (P, S)
@group(0) @binding(8) var<storage, read> networks: array<Network>;             // (P,)

override THREADS: u32 = 64u;
override PARAMETERS: u32;          // S
override WEIGHTS_AT: u32;          // where this layer's (I + 1, O) block starts within S

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
    let unit = 4u * (group.x * THREADS + thread);
    let bound = networks[group.z].max_norm;
    if (unit >= OUTPUTS || bound <= 0.0) {
        return;
    }
    let first = group.z * PARAMETERS + WEIGHTS_AT + unit;
    var sums = vec4f(0.0);
    for (var input = 0u; input < INPUTS; input++) {
        let weights = parameters[(first + input * OUTPUT_STRIDE) / 4u];
        sums += weights * weights;
    }
    let lengths = sqrt(sums);
    let shrink = select(vec4f(1.0), bound / lengths, lengths > vec4f(bound));
    if (all(shrink == vec4f(1.0))) {
        return;
    }
    for (var input = 0u; input < INPUTS; input++) {
        parameters[(first + input * OUTPUT_STRIDE) / 4u] *= shrink;
    }
}
