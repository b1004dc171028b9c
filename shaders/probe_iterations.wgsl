// Finds out how many iterations a loop completes: some software drivers silently stop every
// invocation after 65,535. The answer is the generator's state after the completed iterations.

@group(0) @binding(0) var<storage, read_write> answer: array<u32>;    // (9,), of which the first is used

override WANTED: u32;

@compute @workgroup_size(1)
fn main() {
    var count = 0u;
    for (var i = 0u; i < WANTED; i++) {
        // A random generator, so that no compiler replaces the loop with a closed form.
        count = count * 1664525u + 1013904223u;
    }
    answer[0] = count;
}
