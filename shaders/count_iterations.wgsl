// How far a loop gets: some software drivers stop every invocation after 65,535 iterations
// without a word.

@group(0) @binding(0) var<storage, read_write> counted: array<u32>;    // (1,)
@group(0) @binding(9) var<uniform> wanted: vec4u;

@compute @workgroup_size(1)
fn main() {
    var count = 0u;
    for (var i = 0u; i < wanted.x; i++) {
        count += 1u + (count & wanted.y);
    }
    counted[0] = count;
}
