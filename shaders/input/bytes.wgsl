// Samples as bytes, four per word; each sample is padded with zeros to whole words.

@group(0) @binding(4) var<storage, read> samples: array<u32>;   // (n, ceil(I / 4))

alias Packed = u32;     // four features as stored in memory

fn read_packed(sample: u32, feature: u32) -> Packed {
    return samples[sample * ((FEATURES + 3u) / 4u) + feature / 4u];
}

fn unpack(packed: Packed) -> vec4f {
    return unpack4x8unorm(packed);
}
