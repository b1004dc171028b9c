// uses four.wgsl
// Adam with Nesterov's momentum: Dozat, "Incorporating Nesterov Momentum into Adam", 2016,
// algorithm 8. The bias corrections are made as in `adam`.

struct Rule {
    rate: f32,
    moment_size: f32,   // step size for the first moment
    gradient_size: f32, // step size for the gradient itself
    beta1: f32,
    beta2: f32,
    epsilon: f32,       // epsilon * sqrt(1 - beta2^t)
}

fn this_rule(network: Network, step: vec4f) -> Rule {
    return Rule(
        step.x, step.x * step.y, step.x * step.w,
        network.beta1, network.beta2, network.epsilon * step.z);
}

fn optimize(rule: Rule, one: One, gradient: f32) -> One {
    let first = one.first * rule.beta1 + gradient * (1.0 - rule.beta1);
    let second = one.second * rule.beta2 + gradient * gradient * (1.0 - rule.beta2);
    let ahead = first * rule.moment_size + gradient * rule.gradient_size;
    return One(one.parameter - ahead / (sqrt(second) + rule.epsilon), first, second);
}
