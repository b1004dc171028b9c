// uses network.wgsl schedule.wgsl
// The optimizer's step for gradients that were kept until their length was known.

@group(0) @binding(0) var<storage, read_write> parameters: array<vec4f>;       // (P, S)
@group(0) @binding(8) var<storage, read> networks: array<Network>;             // (P,)
@group(0) @binding(11) var<storage, read> gradients: array<vec4f>;             // (P, S)

override THREADS: u32 = 64u;
override WORKGROUPS: u32;          // side by side
override PARAMETERS: u32;          // S

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
    let state = networks[group.z];
    let rule = this_rule(state, schedule_step(group.z, state.finished - 1u));
    for (var at = 4u * (group.x * THREADS + thread); at < PARAMETERS;
         at += 4u * WORKGROUPS * THREADS) {
        let index = group.z * PARAMETERS + at;
        take_step(rule, state.weight_decay, index, gradients[index / 4u] * state.gradient_scale);
    }
}
