// uses network.wgsl
// Clipping by global norm: computes the factor that scales the gradient's norm down to the network's
// bound. Pascanu et al., "On the difficulty of training recurrent neural networks", 2013,
// algorithm 1. One workgroup per network; sums are in a fixed order.

@group(0) @binding(8) var<storage, read_write> networks: array<Network>;       // (P,)
@group(0) @binding(11) var<storage, read> gradients: array<vec4f>;             // (P, S)

override THREADS: u32 = 256u;
override PARAMETERS: u32;          // S

var<workgroup> sums: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
    var sum = 0.0;
    for (var at = 4u * thread; at < PARAMETERS; at += 4u * THREADS) {
        let four = gradients[(group.z * PARAMETERS + at) / 4u];
        sum += dot(four, four);
    }
    sums[thread] = sum;
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (thread < half) {
            sums[thread] += sums[thread + half];
        }
    }
    if (thread == 0u) {
        let bound = networks[group.z].clip_norm;
        let length = sqrt(sums[0]);
        networks[group.z].gradient_scale = select(1.0, bound / length,
                                                  bound > 0.0 && length > bound);
    }
}
