// uses four.wgsl
// How parameters take their step where they lie: decoupled weight decay, then the optimizer's
// rule, which one of the files in `optimizer` defines.

@group(0) @binding(1) var<storage, read_write> moments: array<f32>;            // (M, P, N)

override MOMENTS: u32;             // M: 0, 1 or 2
override SECOND_AT: u32;           // P * N
override DECAY: bool = false;

// Moves `count` neighbouring parameters, at most four, from `at` on.
fn take_step(rule: Rule, weight_decay: f32, at: u32, count: u32, gradient: vec4f) {
    var four = read_four(at);
    if (DECAY) {
        four.parameters *= 1.0 - rule.rate * weight_decay;
    }
    let moved = optimize(rule, four, gradient);
    store_one(at, moved.parameters.x, moved.first.x, moved.second.x);
    if (count > 1u) {
        store_one(at + 1u, moved.parameters.y, moved.first.y, moved.second.y);
    }
    if (count > 2u) {
        store_one(at + 2u, moved.parameters.z, moved.first.z, moved.second.z);
    }
    if (count > 3u) {
        store_one(at + 3u, moved.parameters.w, moved.first.w, moved.second.w);
    }
}

fn read_four(at: u32) -> Four {
    var four: Four;
    four.parameters = vec4f(
        parameters[at], parameters[at + 1u], parameters[at + 2u], parameters[at + 3u]);
    if (MOMENTS > 0u) {
        four.first = four_moments(at);
    }
    if (MOMENTS > 1u) {
        four.second = four_moments(SECOND_AT + at);
    }
    return four;
}

fn four_moments(at: u32) -> vec4f {
    return vec4f(moments[at], moments[at + 1u], moments[at + 2u], moments[at + 3u]);
}

fn store_one(at: u32, parameter: f32, first: f32, second: f32) {
    parameters[at] = parameter;
    if (MOMENTS > 0u) {
        moments[at] = first;
    }
    if (MOMENTS > 1u) {
        moments[SECOND_AT + at] = second;
    }
}
