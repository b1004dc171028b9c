// uses four.wgsl
// How parameters take their step where they lie: decoupled weight decay, then the optimizer's
// rule, which one of the files in `optimizer` defines.

@group(0) @binding(1) var<storage, read_write> moments: array<vec4f>;          // (M, P, S)

override MOMENTS: u32;             // M: 0, 1 or 2
override SECOND_AT: u32;           // P * S
override DECAY: bool = false;

// Moves four neighbouring parameters.
fn take_step(rule: Rule, weight_decay: f32, at: u32, gradient: vec4f) {
    var four = Four(parameters[at / 4u], vec4f(0.0), vec4f(0.0));
    if (MOMENTS > 0u) {
        four.first = moments[at / 4u];
    }
    if (MOMENTS > 1u) {
        four.second = moments[(SECOND_AT + at) / 4u];
    }
    if (DECAY) {
        four.parameters *= 1.0 - rule.rate * weight_decay;
    }
    let moved = optimize(rule, four, gradient);
    parameters[at / 4u] = moved.parameters;
    if (MOMENTS > 0u) {
        moments[at / 4u] = moved.first;
    }
    if (MOMENTS > 1u) {
        moments[(SECOND_AT + at) / 4u] = moved.second;
    }
}
