// Measures how fast a device multiplies and adds numbers in registers: every invocation keeps six
// independent sums going.

@group(0) @binding(0) var<storage, read_write> answer: array<vec4f>;   // (invocations,)

override ROUNDS: u32;

const FACTOR = vec4f(0.999);

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
    let start = vec4f(f32(thread.x), 1.0, 2.0, 3.0);
    var sums_0 = start;
    var sums_1 = start + 1.0;
    var sums_2 = start + 2.0;
    var sums_3 = start + 3.0;
    var sums_4 = start + 4.0;
    var sums_5 = start + 5.0;
    for (var round = 0u; round < ROUNDS; round++) {
        sums_0 = fma(sums_0, FACTOR, start);
        sums_1 = fma(sums_1, FACTOR, start);
        sums_2 = fma(sums_2, FACTOR, start);
        sums_3 = fma(sums_3, FACTOR, start);
        sums_4 = fma(sums_4, FACTOR, start);
        sums_5 = fma(sums_5, FACTOR, start);
    }
    answer[thread.x] = sums_0 + sums_1 + sums_2 + sums_3 + sums_4 + sums_5;
}
