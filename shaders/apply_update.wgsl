// uses network.wgsl schedule.wgsl
// Applies the stored gradient once its norm is known: to all parameters, or to one layer if its
// weights or biases use a fraction of the learning rate.

@group(0) @binding(0) var<storage, read_write> parameters: array<vec4f>;       // (P, S)
@group(0) @binding(8) var<storage, read> networks: array<Network>;             // (P,)
@group(0) @binding(11) var<storage, read> gradients: array<vec4f>;             // (P, S)

override THREADS: u32 = 64u;
override WORKGROUPS: u32;          // workgroups per network
override PARAMETERS: u32;          // S
override FIRST: u32 = 0u;          // where the updated parameters start within S
override BIASES_AT: u32;           // where their biases start; the biases come last
override END: u32;                 // where they end
override OWN_RATES: bool = false;
override RATE: f32 = 1.0;          // fraction of the learning rate for the weights

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
    let state = networks[group.z];
    let step = schedule_step(group.z, state.finished - 1u);
    let of_weights = this_rule(state, at_share(step, RATE));
    let of_biases = this_rule(state, at_share(step, state.bias_rate));
    for (var at = FIRST + 4u * (group.x * THREADS + thread); at < END;
         at += 4u * WORKGROUPS * THREADS) {
        var rule = of_weights;
        if (OWN_RATES && at >= BIASES_AT) {
            rule = of_biases;
        }
        let index = group.z * PARAMETERS + at;
        take_step(rule, state.weight_decay, index, gradients[index / 4u] * state.gradient_scale);
    }
}
