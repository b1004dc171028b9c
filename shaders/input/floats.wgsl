// Samples as floats; each sample is padded with zeros to a multiple of four.

@group(0) @binding(4) var<storage, read> samples: array<vec4f>;   // (n, ceil(I / 4))

alias Packed = vec4f;   // four features as stored in memory

fn read_packed(sample: u32, feature: u32) -> Packed {
    return samples[sample * ((FEATURES + 3u) / 4u) + feature / 4u];
}

fn unpack(packed: Packed) -> vec4f {
    return packed;
}
