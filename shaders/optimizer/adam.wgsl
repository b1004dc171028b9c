// uses four.wgsl
// Adam: Kingma & Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1, computed in the
// order given at the end of its section 2: both bias corrections are made once per step.

struct Rule {
    rate: f32,
    size: f32,          // rate * sqrt(1 - beta2^t) / (1 - beta1^t), t counting steps from 1
    beta1: f32,
    beta2: f32,
    epsilon: f32,       // epsilon * sqrt(1 - beta2^t)
}

fn this_rule(network: Network, step: vec4f) -> Rule {
    return Rule(
        step.x, step.x * step.y, network.beta1, network.beta2, network.epsilon * step.z);
}

fn optimize(rule: Rule, one: One, gradient: f32) -> One {
    let first = one.first * rule.beta1 + gradient * (1.0 - rule.beta1);
    let second = one.second * rule.beta2 + gradient * gradient * (1.0 - rule.beta2);
    let change = first / (sqrt(second) + rule.epsilon) * rule.size;
    return One(one.parameter - change, first, second);
}
