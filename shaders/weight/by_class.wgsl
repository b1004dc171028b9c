// A sample counts what its class weighs.

@group(0) @binding(12) var<storage, read> class_weights: array<f32>;           // (C,)

fn class_weight(label: u32) -> f32 {
    return class_weights[label];
}
