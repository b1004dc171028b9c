// uses four.wgsl
// Plain stochastic gradient descent.

struct Rule {
    rate: f32,
}

fn this_rule(network: Network, step: vec4f) -> Rule {
    return Rule(step.x);
}

fn optimize(rule: Rule, four: Four, gradient: vec4f) -> Four {
    return Four(four.parameters - rule.rate * gradient, four.first, four.second);
}
