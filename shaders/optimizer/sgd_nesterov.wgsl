// uses four.wgsl
// Nesterov's momentum, in the form of Sutskever et al. 2013 that PyTorch takes.

struct Rule {
    rate: f32,
    momentum: f32,
}

fn this_rule(network: Network, step: vec4f) -> Rule {
    return Rule(step.x, network.momentum);
}

fn optimize(rule: Rule, four: Four, gradient: vec4f) -> Four {
    let velocity = rule.momentum * four.first + gradient;
    let change = rule.rate * (gradient + rule.momentum * velocity);
    return Four(four.parameters - change, velocity, four.second);
}
