// Samples as floats, each sample padded with zeros to a multiple of four.

@group(0) @binding(4) var<storage, read> samples: array<vec4f>;   // (n, ceil(I / 4))

fn read_features(sample: u32, feature: u32) -> vec4f {
    return samples[sample * ((FEATURES + 3u) / 4u) + feature / 4u];
}
