// uses four.wgsl
// Nesterov's momentum, in the form of Sutskever et al. 2013 that PyTorch uses.

struct Rule {
    rate: f32,
    momentum: f32,
}

fn this_rule(network: Network, step: vec4f) -> Rule {
    return Rule(step.x, network.momentum);
}

fn optimize(rule: Rule, one: One, gradient: f32) -> One {
    let velocity = one.first * rule.momentum + gradient;
    let change = rule.rate * (gradient + velocity * rule.momentum);
    return One(one.parameter - change, velocity, one.second);
}
