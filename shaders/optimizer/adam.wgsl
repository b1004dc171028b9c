// Adam: Kingma & Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1.

@group(0) @binding(1) var<storage, read_write> first_moments: array<f32>;      // (P, N)
@group(0) @binding(2) var<storage, read_write> second_moments: array<f32>;     // (P, N)

fn optimize(network: u32, at: u32, gradient: f32) {
    let state = networks[network];
    let step = schedule_step(network);
    let first = state.beta1 * first_moments[at] + (1.0 - state.beta1) * gradient;
    let second = state.beta2 * second_moments[at] + (1.0 - state.beta2) * (gradient * gradient);
    first_moments[at] = first;
    second_moments[at] = second;
    parameters[at] -= step.x * (first * step.y) / (sqrt(second * step.z) + state.epsilon);
}
