// Gradient descent with momentum; the velocity sums plain gradients, the rate is applied outside.
// Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.

@group(0) @binding(1) var<storage, read_write> first_moments: array<f32>;      // (P, N)

fn optimize(network: u32, at: u32, gradient: f32) {
    let velocity = networks[network].momentum * first_moments[at] + gradient;
    first_moments[at] = velocity;
    parameters[at] -= schedule_step(network).x * velocity;
}
