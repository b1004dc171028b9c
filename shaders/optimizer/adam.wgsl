// uses four.wgsl
// Adam: Kingma & Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1.

struct Rule {
    rate: f32,
    first_correction: f32,
    second_correction: f32,
    beta1: f32,
    beta2: f32,
    epsilon: f32,
}

fn this_rule(network: Network, step: vec4f) -> Rule {
    return Rule(step.x, step.y, step.z, network.beta1, network.beta2, network.epsilon);
}

fn optimize(rule: Rule, four: Four, gradient: vec4f) -> Four {
    let first = rule.beta1 * four.first + (1.0 - rule.beta1) * gradient;
    let second = rule.beta2 * four.second + (1.0 - rule.beta2) * (gradient * gradient);
    let change = rule.rate * (first * rule.first_correction)
        / (sqrt(second * rule.second_correction) + rule.epsilon);
    return Four(four.parameters - change, first, second);
}
