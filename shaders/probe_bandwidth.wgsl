// Measures a device's memory bandwidth: copies the first half of a buffer to the second.

@group(0) @binding(0) var<storage, read_write> answer: array<vec4f>;   // (2 * invocations * EACH,)

override EACH: u32;                // groups of four floats that an invocation copies

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let invocations = groups.x * 64u;
    for (var i = 0u; i < EACH; i++) {
        let at = i * invocations + thread.x;
        answer[invocations * EACH + at] = answer[at];
    }
}
