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

fn optimize(rule: Rule, one: One, gradient: f32) -> One {
    let change = rule.rate * sign(one.first * rule.beta1 + gradient * (1.0 - rule.beta1));
    let moment = one.first * rule.beta2 + gradient * (1.0 - rule.beta2);
    return One(one.parameter - change, moment, one.second);
}
