// Plain stochastic gradient descent.

fn optimize(network: u32, at: u32, gradient: f32) {
    parameters[at] -= schedule_step(network).x * gradient;
}
