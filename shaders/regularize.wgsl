// uses network.wgsl
// Regularization of a gradient: adds the gradients of L1 and L2, then clips by value.

override PENALTY: bool = false;
override CLIP_VALUE: bool = false;

fn regularize(network: Network, gradient: f32, parameter: f32, is_bias: bool) -> f32 {
    var regularized = gradient;
    if (PENALTY) {
        regularized += select(network.l1, network.l1_biases, is_bias) * sign(parameter)
            + select(network.l2, network.l2_biases, is_bias) * parameter;
    }
    if (CLIP_VALUE && network.clip_value > 0.0) {
        regularized = clamp(regularized, -network.clip_value, network.clip_value);
    }
    return regularized;
}

fn regularize_four(
    network: Network, gradient: vec4f, parameters: vec4f, are_biases: bool,
) -> vec4f {
    return vec4f(
        regularize(network, gradient.x, parameters.x, are_biases),
        regularize(network, gradient.y, parameters.y, are_biases),
        regularize(network, gradient.z, parameters.z, are_biases),
        regularize(network, gradient.w, parameters.w, are_biases));
}
