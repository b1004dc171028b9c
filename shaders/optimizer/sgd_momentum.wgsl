// uses four.wgsl
// Gradient descent with momentum; the velocity sums plain gradients, the learning rate scales it.
// Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.

struct Rule {
    rate: f32,
    momentum: f32,
}

fn this_rule(network: Network, step: vec4f) -> Rule {
    return Rule(step.x, network.momentum);
}

fn optimize(rule: Rule, one: One, gradient: f32) -> One {
    let velocity = one.first * rule.momentum + gradient;
    return One(one.parameter - velocity * rule.rate, velocity, one.second);
}
