// uses network.wgsl
// What is added to a gradient, and its bounds: the slopes of L1 and L2, then clipping by value.

override PENALTY: bool = false;
override CLIP_VALUE: bool = false;

fn regularise(
    network: Network, gradient: vec4f, parameters: vec4f, are_biases: bool,
) -> vec4f {
    var slopes = gradient;
    if (PENALTY) {
        slopes += select(network.l1, network.l1_biases, are_biases) * sign(parameters)
            + select(network.l2, network.l2_biases, are_biases) * parameters;
    }
    if (CLIP_VALUE && network.clip_value > 0.0) {
        slopes = clamp(slopes, vec4f(-network.clip_value), vec4f(network.clip_value));
    }
    return slopes;
}
