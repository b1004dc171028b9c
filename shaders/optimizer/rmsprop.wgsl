// RMSprop: Tieleman & Hinton, "Lecture 6.5", 2012. Its only moment is of the gradient's square.

@group(0) @binding(1) var<storage, read_write> first_moments: array<f32>;      // (P, N)

struct Rule {
    rate: f32,
    beta: f32,
    epsilon: f32,
}

fn this_rule(network: Network, step: vec4f) -> Rule {
    return Rule(step.x, network.beta2, network.epsilon);
}

fn optimize(rule: Rule, at: u32, gradient: f32) {
    let square = rule.beta * first_moments[at] + (1.0 - rule.beta) * (gradient * gradient);
    first_moments[at] = square;
    parameters[at] -= rule.rate * gradient / (sqrt(square) + rule.epsilon);
}
