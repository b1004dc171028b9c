// uses four.wgsl
// Adam with Nesterov's momentum: Dozat, "Incorporating Nesterov Momentum into Adam", 2016,
// algorithm 8.

struct Rule {
    rate: f32,
    first_correction: f32,
    second_correction: f32,
    gradient_correction: f32,
    beta1: f32,
    beta2: f32,
    epsilon: f32,
}

fn this_rule(network: Network, step: vec4f) -> Rule {
    return Rule(step.x, step.y, step.z, step.w, network.beta1, network.beta2, network.epsilon);
}

fn optimize(rule: Rule, four: Four, gradient: vec4f) -> Four {
    let first = rule.beta1 * four.first + (1.0 - rule.beta1) * gradient;
    let second = rule.beta2 * four.second + (1.0 - rule.beta2) * (gradient * gradient);
    let ahead = first * rule.first_correction + gradient * rule.gradient_correction;
    let change = rule.rate * ahead / (sqrt(second * rule.second_correction) + rule.epsilon);
    return Four(four.parameters - change, first, second);
}
