// A layer's sizes, and the layout of its matrices: each is padded with zeros to whole blocks of 4 x 4,
// so that four neighbors are read and written at once. Offsets count numbers and are multiples of four
// where four numbers are meant; only the reads of a matmul, the most frequent ones, count in fours.

override INPUTS: u32;
override OUTPUTS: u32;
override INPUT_STRIDE: u32 = (INPUTS + 3u) / 4u * 4u;
override OUTPUT_STRIDE: u32 = (OUTPUTS + 3u) / 4u * 4u;
override INPUT_FOURS: u32 = INPUT_STRIDE / 4u;
override OUTPUT_FOURS: u32 = OUTPUT_STRIDE / 4u;

// The values of four neighboring units, with zeros past the last unit.
fn without_padding(four: vec4f, unit: u32) -> vec4f {
    if (OUTPUTS == OUTPUT_STRIDE) {
        return four;
    }
    return select(vec4f(0.0), four, vec4u(unit) + vec4u(0u, 1u, 2u, 3u) < vec4u(OUTPUTS));
}
