// Lion: Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023, algorithm 2.

@group(0) @binding(1) var<storage, read_write> first_moments: array<f32>;      // (P, N)

struct Rule {
    rate: f32,
    beta1: f32,
    beta2: f32,
}

fn this_rule(network: Network, step: vec4f) -> Rule {
    return Rule(step.x, network.beta1, network.beta2);
}

fn optimize(rule: Rule, at: u32, gradient: f32) {
    let moment = first_moments[at];
    parameters[at] -= rule.rate * sign(rule.beta1 * moment + (1.0 - rule.beta1) * gradient);
    first_moments[at] = rule.beta2 * moment + (1.0 - rule.beta2) * gradient;
}
