// uses four.wgsl
// Updates parameters in place: decoupled weight decay, then the optimizer's rule from one of the files
// in `optimizer`.

@group(0) @binding(1) var<storage, read_write> moments: array<vec4f>;          // (M, P, S)

override MOMENTS: u32;             // M: 0, 1 or 2
override SECOND_AT: u32;           // P * S
override DECAY: bool = false;

// Updates four neighboring parameters.
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
    let moved = optimize_four(rule, four, gradient);
    parameters[at / 4u] = moved.parameters;
    if (MOMENTS > 0u) {
        moments[at / 4u] = moved.first;
    }
    if (MOMENTS > 1u) {
        moments[(SECOND_AT + at) / 4u] = moved.second;
    }
}

fn optimize_four(rule: Rule, four: Four, gradient: vec4f) -> Four {
    let x = optimize(rule, One(four.parameters.x, four.first.x, four.second.x), gradient.x);
    let y = optimize(rule, One(four.parameters.y, four.first.y, four.second.y), gradient.y);
    let z = optimize(rule, One(four.parameters.z, four.first.z, four.second.z), gradient.z);
    let w = optimize(rule, One(four.parameters.w, four.first.w, four.second.w), gradient.w);
    return Four(
        vec4f(x.parameter, y.parameter, z.parameter, w.parameter),
        vec4f(x.first, y.first, z.first, w.first),
        vec4f(x.second, y.second, z.second, w.second));
}
