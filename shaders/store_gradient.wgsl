// Stores the gradient until its norm is known (see `gradient_norm.wgsl`).

@group(0) @binding(11) var<storage, read_write> gradients: array<vec4f>;       // (P, S)

struct Rule {
    rate: f32,
}

fn this_rule(network: Network, step: vec4f) -> Rule {
    return Rule(step.x);
}

fn take_step(rule: Rule, weight_decay: f32, at: u32, gradient: vec4f) {
    gradients[at / 4u] = gradient;
}
