// uses four.wgsl
// Lion: Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023, algorithm 2.

struct Rule {
    rate: f32,
    beta1: f32,
    beta2: f32,
}

fn this_rule(network: Network, step: vec4f) -> Rule {
    return Rule(step.x, network.beta1, network.beta2);
}

fn optimize(rule: Rule, four: Four, gradient: vec4f) -> Four {
    let change = rule.rate * sign(rule.beta1 * four.first + (1.0 - rule.beta1) * gradient);
    let moment = rule.beta2 * four.first + (1.0 - rule.beta2) * gradient;
    return Four(four.parameters - change, moment, four.second);
}
