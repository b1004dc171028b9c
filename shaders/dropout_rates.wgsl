// The dropout of every network's hidden layers.

@group(0) @binding(13) var<storage, read> dropout_rates: array<DropoutRate>;   // (P, H)

struct DropoutRate {
    threshold: u32,     // draws below it are dropped; rate * 2^32
    scale: f32,         // 1 / (1 - rate)
}
