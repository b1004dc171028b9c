// uses four.wgsl
// RMSprop: Tieleman & Hinton, "Lecture 6.5", 2012. Its only moment is of the gradient's square.

struct Rule {
    rate: f32,
    beta: f32,
    epsilon: f32,
}

fn this_rule(network: Network, step: vec4f) -> Rule {
    return Rule(step.x, network.beta2, network.epsilon);
}

fn optimize(rule: Rule, four: Four, gradient: vec4f) -> Four {
    let square = rule.beta * four.first + (1.0 - rule.beta) * (gradient * gradient);
    let change = rule.rate * gradient / (sqrt(square) + rule.epsilon);
    return Four(four.parameters - change, square, four.second);
}
