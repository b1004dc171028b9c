// uses four.wgsl
// Plain stochastic gradient descent.

struct Rule {
    rate: f32,
}

fn this_rule(network: Network, step: vec4f) -> Rule {
    return Rule(step.x);
}

fn optimize(rule: Rule, one: One, gradient: f32) -> One {
    return One(one.parameter - gradient * rule.rate, one.first, one.second);
}
