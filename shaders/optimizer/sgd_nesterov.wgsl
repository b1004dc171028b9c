// Nesterov's momentum, in the form of Sutskever et al. 2013 that PyTorch takes.

@group(0) @binding(1) var<storage, read_write> first_moments: array<f32>;      // (P, N)

struct Rule {
    rate: f32,
    momentum: f32,
}

fn this_rule(network: Network, step: vec4f) -> Rule {
    return Rule(step.x, network.momentum);
}

fn optimize(rule: Rule, at: u32, gradient: f32) {
    let velocity = rule.momentum * first_moments[at] + gradient;
    first_moments[at] = velocity;
    parameters[at] -= rule.rate * (gradient + rule.momentum * velocity);
}
