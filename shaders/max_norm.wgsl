// uses network.wgsl
// Shortens the incoming weights of every unit of a layer to the network's bound, a unit a thread.
// Srivastava et al., "Dropout", 2014, section 5.1.

@group(0) @binding(0) var<storage, read_write> parameters: array<f32>;         // (P, N)
@group(0) @binding(8) var<storage, read> networks: array<Network>;             // (P,)

override THREADS: u32 = 64u;
override INPUTS: u32;
override OUTPUTS: u32;
override PARAMETERS: u32;          // N
override WEIGHTS_AT: u32;          // where this layer's (I + 1, O) block starts within N

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
    let unit = group.x * THREADS + thread;
    let bound = networks[group.z].max_norm;
    if (unit >= OUTPUTS || bound <= 0.0) {
        return;
    }
    let first = group.z * PARAMETERS + WEIGHTS_AT + unit;
    var sum = 0.0;
    for (var input = 0u; input < INPUTS; input++) {
        let weight = parameters[first + input * OUTPUTS];
        sum += weight * weight;
    }
    let length = sqrt(sum);
    if (length > bound) {
        for (var input = 0u; input < INPUTS; input++) {
            parameters[first + input * OUTPUTS] *= bound / length;
        }
    }
}
