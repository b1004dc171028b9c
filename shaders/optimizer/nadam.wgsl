// Adam with Nesterov's momentum: Dozat, "Incorporating Nesterov Momentum into Adam", 2016,
// algorithm 8.

@group(0) @binding(1) var<storage, read_write> first_moments: array<f32>;      // (P, N)
@group(0) @binding(2) var<storage, read_write> second_moments: array<f32>;     // (P, N)

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

fn optimize(rule: Rule, at: u32, gradient: f32) {
    let first = rule.beta1 * first_moments[at] + (1.0 - rule.beta1) * gradient;
    let second = rule.beta2 * second_moments[at] + (1.0 - rule.beta2) * (gradient * gradient);
    first_moments[at] = first;
    second_moments[at] = second;
    let ahead = first * rule.first_correction + gradient * rule.gradient_correction;
    parameters[at] -= rule.rate * ahead / (sqrt(second * rule.second_correction) + rule.epsilon);
}
