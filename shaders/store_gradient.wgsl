// No step yet: the gradient is kept until its length is known (see `gradient_norm.wgsl`).

@group(0) @binding(11) var<storage, read_write> gradients: array<f32>;         // (P, N)

struct Rule {
    rate: f32,
}

fn this_rule(network: Network, step: vec4f) -> Rule {
    return Rule(step.x);
}

fn take_step(rule: Rule, weight_decay: f32, at: u32, count: u32, gradient: vec4f) {
    var four = gradient;
    for (var i = 0u; i < count; i++) {
        gradients[at + i] = four[i];
    }
}
