// Finds out how many lanes a subgroup has, and whether a workgroup's invocations are its lanes in
// order.

@group(0) @binding(0) var<storage, read_write> answer: array<u32>;    // (9,): size, then lanes

@compute @workgroup_size(8)
fn main(
    @builtin(local_invocation_index) thread: u32,
    @builtin(subgroup_size) size: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    if (thread == 0u) {
        answer[0] = size;
    }
    answer[1u + thread] = lane;
}
