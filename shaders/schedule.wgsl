// uses network.wgsl

@group(0) @binding(7) var<storage, read> schedule: array<vec4f>;               // (P, S)

// A step for parameters with a fraction of the learning rate.
fn at_share(step: vec4f, share: f32) -> vec4f {
    return vec4f(step.x * share, step.yzw);
}

// Learning rate, the factors of the first moment and of epsilon, and Nadam's of the gradient.
fn schedule_step(network: u32, step: u32) -> vec4f {
    return schedule[network * batch.steps + step];
}
