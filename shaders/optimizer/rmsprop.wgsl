// uses four.wgsl
// RMSprop: Tieleman & Hinton, "Lecture 6.5", 2012. Its only moment is that of the squared gradient.

struct Rule {
    rate: f32,
    beta: f32,
    epsilon: f32,
}

fn this_rule(network: Network, step: vec4f) -> Rule {
    return Rule(step.x, network.beta2, network.epsilon);
}

fn optimize(rule: Rule, one: One, gradient: f32) -> One {
    let square = one.first * rule.beta + gradient * gradient * (1.0 - rule.beta);
    let change = gradient * rule.rate / (sqrt(square) + rule.epsilon);
    return One(one.parameter - change, square, one.second);
}
