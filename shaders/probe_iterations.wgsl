// How far a loop gets: some software drivers stop every invocation after 65,535 iterations
// without a word. The answer is the generator's state after as many iterations as were done.

@group(0) @binding(0) var<storage, read_write> answer: array<u32>;    // (9,), of which the first is used

override WANTED: u32;

@compute @workgroup_size(1)
fn main() {
    var count = 0u;
    for (var i = 0u; i < WANTED; i++) {
        // A product, lest a compiler replace the loop by its closed form.
        count = count * 1664525u + 1013904223u;
    }
    answer[0] = count;
}
