// uses network.wgsl
// How a parameter takes its step: decoupled weight decay, then the optimizer's rule, which one of
// the files in `optimizer` defines.

@group(0) @binding(7) var<storage, read> schedule: array<vec4f>;               // (P, S)

override DECAY: bool = false;

// Learning rate, the factors of first and second moment, and Nadam's of the gradient.
fn schedule_step(network: u32, step: u32) -> vec4f {
    let steps = (batch.samples + ROWS - 1u) / ROWS;
    return schedule[network * steps + step];
}

fn take_step(rule: Rule, weight_decay: f32, at: u32, gradient: f32) {
    if (DECAY) {
        parameters[at] *= 1.0 - rule.rate * weight_decay;
    }
    optimize(rule, at, gradient);
}
