// Samples as bytes, four to a word, each sample padded with zeros to whole words.

@group(0) @binding(4) var<storage, read> samples: array<u32>;   // (n, ceil(I / 4))

fn read_features(sample: u32, feature: u32) -> vec4f {
    return unpack4x8unorm(samples[sample * ((FEATURES + 3u) / 4u) + feature / 4u]);
}
