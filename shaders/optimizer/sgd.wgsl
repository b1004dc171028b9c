// Plain stochastic gradient descent.

struct Rule {
    rate: f32,
}

fn this_rule(network: Network, step: vec4f) -> Rule {
    return Rule(step.x);
}

fn optimize(rule: Rule, at: u32, gradient: f32) {
    parameters[at] -= rule.rate * gradient;
}
