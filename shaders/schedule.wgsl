// uses network.wgsl

@group(0) @binding(7) var<storage, read> schedule: array<vec4f>;               // (P, S)

// The schedule of a step for parameters that use a fraction of the learning rate.
fn at_share(step: vec4f, share: f32) -> vec4f {
    return vec4f(step.x * share, step.yzw);
}

// The learning rate, the factors of the first moment and of epsilon, and Nadam's gradient factor.
fn schedule_step(network: u32, step: u32) -> vec4f {
    return schedule[network * batch.steps + step];
}
