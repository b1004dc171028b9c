// uses sample.wgsl schedule.wgsl row.wgsl four.wgsl regularise.wgsl
// Many whole training steps of a small network in one dispatch, a workgroup a network.
//
// The first layer's weights and their moments stay in registers from step to step: a thread owns
// the weights of four units for some groups of four features. All other parameters lie in
// workgroup memory, in `rest`, their moments in the registers of the threads that move them. The
// first layer takes the rows of a batch in chunks: every thread sums over its own features, then
// these partial sums are added up.
//
// This is a template, since registers cannot be counted through at run time: a line that begins
// with two slashes and a percent sign says what is repeated for every group of features, layer or
// row. There is no loop and no branch around what a thread keeps in registers, which software
// drivers would pay for twice: they compile it for minutes, and run it half as fast.

@group(0) @binding(0) var<storage, read_write> parameters: array<vec4f>;       // (P, S)
@group(0) @binding(1) var<storage, read_write> moments: array<vec4f>;          // (M, P, S)
@group(0) @binding(5) var<storage, read> labels: array<u32>;                   // (n,)
@group(0) @binding(8) var<storage, read_write> networks: array<Network>;       // (P,)

override MOMENTS: u32;             // M: 0, 1 or 2
override PARAMETERS: u32;          // S
override SECOND_AT: u32;           // P * S
override DECAY: bool = false;

struct Layer {
    inputs: u32,
    outputs: u32,
    stride: u32,        // of a row of weights, padded to whole groups of four
    place: u32,         // 1 for the first
    parameters_at: u32, // where (I + 1, O) starts within S; of the first layer only the biases
    weights_at: u32,    // where the same starts within `rest`
    inputs_at: u32,     // where (B, I) starts within `values`; not used by the first layer
    outputs_at: u32,    // likewise (B, O)
    slopes_at: u32,     // likewise; the deltas take the place of the slopes
}

const THREADS = {{ threads }}u;      // QUARTETS * SHARES
const BATCH = {{ rows }}u;          // B
const CHUNK = {{ chunk }}u;          // rows that the first layer takes at once
const SHARES = {{ shares }}u;        // parts into which the features are dealt
const QUARTETS = {{ quartets }}u;     // groups of four units in the first layer
const STRIDE = {{ stride }}u;      // of a unit in `partial`; odd, so that its threads' banks differ
//% for one in layers
const LAYER_{{ loop.index }} = Layer({{ one|join("u, ") }}u);
//% endfor
const LAST_LAYER = LAYER_{{ layers|length }};

var<workgroup> rest: array<f32, {{ rest }}>;         // all parameters but the first layer's weights
var<workgroup> values: array<f32, {{ values }}>;
var<workgroup> partial: array<f32, CHUNK * QUARTETS * 4u * STRIDE>;
var<workgroup> losses: array<f32, BATCH>;
var<workgroup> hits: array<u32, BATCH>;
var<workgroup> finished: u32;

@compute @workgroup_size({{ threads }})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
    let network = group.z;
    let state = networks[network];
    let unit = 4u * (thread % QUARTETS);
    let share = thread / QUARTETS;
//% for g in range(groups)
    let feature_{{ g }} = 4u * ({{ g }}u * SHARES + share);
    var weights_{{ g }}: mat4x4f;
    var first_{{ g }}: mat4x4f;
    var second_{{ g }}: mat4x4f;
//% endfor
    for (var g = 0u; g < {{ groups }}u; g++) {
        let feature = 4u * (g * SHARES + share);
        let weights = read_weights(network, feature, unit);
        let first = read_moments(network, 0u, feature, unit);
        let second = read_moments(network, 1u, feature, unit);
//% for g in range(groups)
        if (g == {{ g }}u) {
            weights_{{ g }} = weights;
            first_{{ g }} = first;
            second_{{ g }} = second;
        }
//% endfor
    }
//% for e in range(elements)
    let own_{{ e }} = {{ e }}u * THREADS + thread;
    var moments_{{ e }} = read_rest(network, own_{{ e }});
//% endfor
    if (thread == 0u) {
        finished = state.finished;
    }
    var loss = state.loss;          // thread 0 counts, in the order of the steps
    var correct = state.correct;
    var seen = state.seen;

    let begin = workgroupUniformLoad(&finished);
    let end = max(begin, min(batch.until, begin + batch.at_once));
    for (var step = begin; step < end; step++) {
//% for r in range(rows)
        let sample_{{ r }} = sample_row(network, step, {{ r }}u);
//% endfor
//% for chunk_at in range(0, rows, chunk)
//% for r in range(chunk_at, chunk_at + chunk)
        var sums_{{ r }} = vec4f();
//% endfor
//% for g in range(groups)
//% for r in range(chunk_at, chunk_at + chunk)
        sums_{{ r }} += weights_{{ g }}
            * own_features(network, step, sample_{{ r }}, {{ r }}u, feature_{{ g }});
//% endfor
//% endfor
//% for r in range(chunk_at, chunk_at + chunk)
        store_partial({{ r - chunk_at }}u, unit, share, sums_{{ r }});
//% endfor
        workgroupBarrier();
        for (var task = thread; task < CHUNK * LAYER_1.outputs; task += THREADS) {
            forward_first(state, network, step, {{ chunk_at }}u, task);
        }
        workgroupBarrier();
//% endfor
//% for l in range(2, layers|length + 1)
        for (var task = thread; task < BATCH * LAYER_{{ l }}.outputs; task += THREADS) {
            forward(LAYER_{{ l }}, state, network, step, task);
        }
        workgroupBarrier();
//% endfor
        for (var row = thread; row < BATCH; row += THREADS) {
            score(state, network, step, row);
        }
        workgroupBarrier();
        if (thread == 0u) {
            var batch_loss = 0.0;
            for (var row = 0u; row < BATCH; row++) {
                batch_loss += losses[row];
                correct += hits[row];
            }
            loss += batch_loss;
            seen += batch_rows(step);
        }
//% for l in range(layers|length, 1, -1)
        for (var task = thread; task < BATCH * LAYER_{{ l }}.inputs; task += THREADS) {
            input_gradient(LAYER_{{ l }}, LAYER_{{ l - 1 }}, task);
        }
        workgroupBarrier();
//% endfor
        let rule = this_rule(state, schedule_step(network, step));
//% for e in range(elements)
        moments_{{ e }} = move_rest(state, rule, own_{{ e }}, moments_{{ e }});
//% endfor
//% for r in range(rows)
        let deltas_{{ r }} = first_deltas({{ r }}u, unit);
//% endfor
//% for g in range(groups)
        var gradient_{{ g }} = mat4x4f();
//% for r in range(rows)
        gradient_{{ g }} += outer_product(deltas_{{ r }},
            own_features(network, step, sample_{{ r }}, {{ r }}u, feature_{{ g }}));
//% endfor
        move_weights(
            state, rule, &weights_{{ g }}, &first_{{ g }}, &second_{{ g }}, gradient_{{ g }});
//% endfor
    }
    workgroupBarrier();
    for (var g = 0u; g < {{ groups }}u; g++) {
        let feature = 4u * (g * SHARES + share);
        var weights: mat4x4f;
        var first: mat4x4f;
        var second: mat4x4f;
//% for g in range(groups)
        if (g == {{ g }}u) {
            weights = weights_{{ g }};
            first = first_{{ g }};
            second = second_{{ g }};
        }
//% endfor
        store_weights(network, feature, unit, weights, first, second);
    }
//% for e in range(elements)
    store_rest(network, own_{{ e }}, moments_{{ e }});
//% endfor
    if (thread == 0u) {
        networks[network].loss = loss;
        networks[network].correct = correct;
        networks[network].seen = seen;
        networks[network].finished = end;
    }
}

// ==== The first layer's weights: 4 units (rows) by 4 features (columns) in a matrix. Past the
// last feature a thread keeps zeros, which no step moves; past the last unit they are padded so.

fn read_weights(network: u32, feature: u32, unit: u32) -> mat4x4f {
    let at = (network * PARAMETERS + feature * LAYER_1.stride + unit) / 4u;
    return own_weights(feature, mat4x4f(
        parameters[at], parameters[at + LAYER_1.stride / 4u],
        parameters[at + LAYER_1.stride / 2u], parameters[at + 3u * LAYER_1.stride / 4u]));
}

// The first (0) or second (1) moments; zero where the rule keeps none.
fn read_moments(network: u32, which: u32, feature: u32, unit: u32) -> mat4x4f {
    if (which >= MOMENTS) {
        return mat4x4f();
    }
    let first = which * SECOND_AT + network * PARAMETERS;
    let at = (first + feature * LAYER_1.stride + unit) / 4u;
    return own_weights(feature, mat4x4f(
        moments[at], moments[at + LAYER_1.stride / 4u],
        moments[at + LAYER_1.stride / 2u], moments[at + 3u * LAYER_1.stride / 4u]));
}

fn own_weights(feature: u32, read: mat4x4f) -> mat4x4f {
    return mat4x4f(
        select(vec4f(0.0), read[0], feature < LAYER_1.inputs),
        select(vec4f(0.0), read[1], feature + 1u < LAYER_1.inputs),
        select(vec4f(0.0), read[2], feature + 2u < LAYER_1.inputs),
        select(vec4f(0.0), read[3], feature + 3u < LAYER_1.inputs));
}

fn store_weights(
    network: u32, feature: u32, unit: u32, weights: mat4x4f, first: mat4x4f, second: mat4x4f,
) {
    store_units(network, feature, unit, Four(weights[0], first[0], second[0]));
    store_units(network, feature + 1u, unit, Four(weights[1], first[1], second[1]));
    store_units(network, feature + 2u, unit, Four(weights[2], first[2], second[2]));
    store_units(network, feature + 3u, unit, Four(weights[3], first[3], second[3]));
}

fn store_units(network: u32, feature: u32, unit: u32, four: Four) {
    if (feature >= LAYER_1.inputs) {
        return;
    }
    let at = network * PARAMETERS + feature * LAYER_1.stride + unit;
    parameters[at / 4u] = four.parameters;
    if (MOMENTS > 0u) {
        moments[at / 4u] = four.first;
    }
    if (MOMENTS > 1u) {
        moments[(SECOND_AT + at) / 4u] = four.second;
    }
}

fn move_weights(
    state: Network, rule: Rule, weights: ptr<function, mat4x4f>, first: ptr<function, mat4x4f>,
    second: ptr<function, mat4x4f>, gradient: mat4x4f,
) {
    let moved_0 = moved(
        state, rule, Four((*weights)[0], (*first)[0], (*second)[0]), gradient[0]);
    (*weights)[0] = moved_0.parameters;
    (*first)[0] = moved_0.first;
    (*second)[0] = moved_0.second;
    let moved_1 = moved(
        state, rule, Four((*weights)[1], (*first)[1], (*second)[1]), gradient[1]);
    (*weights)[1] = moved_1.parameters;
    (*first)[1] = moved_1.first;
    (*second)[1] = moved_1.second;
    let moved_2 = moved(
        state, rule, Four((*weights)[2], (*first)[2], (*second)[2]), gradient[2]);
    (*weights)[2] = moved_2.parameters;
    (*first)[2] = moved_2.first;
    (*second)[2] = moved_2.second;
    let moved_3 = moved(
        state, rule, Four((*weights)[3], (*first)[3], (*second)[3]), gradient[3]);
    (*weights)[3] = moved_3.parameters;
    (*first)[3] = moved_3.first;
    (*second)[3] = moved_3.second;
}

fn moved(state: Network, rule: Rule, four: Four, gradient: vec4f) -> Four {
    return take_step(state, rule, four, regularise(state, gradient, four.parameters, false));
}

fn take_step(state: Network, rule: Rule, four: Four, gradient: vec4f) -> Four {
    var before = four;
    if (DECAY) {
        before.parameters *= 1.0 - rule.rate * state.weight_decay;
    }
    return optimize(rule, before, gradient);
}

// ==== The first layer's product.

fn store_partial(row: u32, unit: u32, share: u32, sums: vec4f) {
    let at = (row * QUARTETS * 4u + unit) * STRIDE + share;
    partial[at] = sums.x;
    partial[at + STRIDE] = sums.y;
    partial[at + 2u * STRIDE] = sums.z;
    partial[at + 3u * STRIDE] = sums.w;
}

fn forward_first(state: Network, network: u32, step: u32, chunk_at: u32, task: u32) {
    let row = task / LAYER_1.outputs;
    let unit = task % LAYER_1.outputs;
    let at = (row * QUARTETS * 4u + unit) * STRIDE;
    var sum = rest[unit];
    for (var share = 0u; share < SHARES; share++) {
        sum += partial[at + share];
    }
    store_output(LAYER_1, state, network, step, chunk_at + row, unit, sum);
}

// The features that a thread owns; zero past the last one, where the next sample begins.
fn own_features(network: u32, step: u32, sample: u32, row: u32, feature: u32) -> vec4f {
//% if input_dropout
    let features = sample_features(network, step, sample, row, feature);
//% else
    let features = read_features(sample, feature);
//% endif
    return select(vec4f(0.0), features, feature < LAYER_1.inputs);
}

fn first_deltas(row: u32, unit: u32) -> vec4f {
    let at = LAYER_1.slopes_at + row * LAYER_1.outputs + unit;
    let deltas = vec4f(values[at], values[at + 1u], values[at + 2u], values[at + 3u]);
    return select(
        vec4f(0.0), deltas, vec4u(unit) + vec4u(0u, 1u, 2u, 3u) < vec4u(LAYER_1.outputs));
}

fn outer_product(rows: vec4f, columns: vec4f) -> mat4x4f {
    return mat4x4f(rows * columns.x, rows * columns.y, rows * columns.z, rows * columns.w);
}

// ==== The other layers, a unit of a row a task.

fn forward(layer: Layer, state: Network, network: u32, step: u32, task: u32) {
    let row = task / layer.outputs;
    let unit = task % layer.outputs;
    var sum = rest[layer.weights_at + layer.inputs * layer.stride + unit];
    for (var i = 0u; i < layer.inputs; i++) {
        sum += values[layer.inputs_at + row * layer.inputs + i]
            * rest[layer.weights_at + i * layer.stride + unit];
    }
    if (layer.place == LAST_LAYER.place) {
        values[layer.outputs_at + task] = sum;
    } else {
        store_output(layer, state, network, step, row, unit, sum);
    }
}

fn store_output(
    layer: Layer, state: Network, network: u32, step: u32, row: u32, unit: u32, sum: f32,
) {
    var output_and_slope = activate(sum);
//% if dropout
    let rate = dropout_rates[network * {{ layers|length - 1 }}u + layer.place - 1u];
    output_and_slope *= dropout_mask(
        state.seed, state.first_step + step, layer.place, row, unit, rate.threshold,
        rate.scale)[unit % 4u];
//% endif
    values[layer.outputs_at + row * layer.outputs + unit] = output_and_slope.x;
    values[layer.slopes_at + row * layer.outputs + unit] = output_and_slope.y;
}

// The loss of a row, and the last layer's deltas.
fn score(state: Network, network: u32, step: u32, row: u32) {
    let rows = batch_rows(step);
    let deltas_at = LAST_LAYER.slopes_at + row * CLASSES;
    losses[row] = 0.0;
    hits[row] = 0u;
    if (row < rows) {
        let label = labels[sample_row(network, step, row)];
        let weight = class_weight(label);
        let outcome = score_row(Row(
            LAST_LAYER.outputs_at + row * CLASSES, deltas_at, label, state.label_smoothing, weight,
            weight / f32(rows)));
        losses[row] = outcome.x;
        hits[row] = u32(outcome.y);
    } else {
        for (var category = 0u; category < CLASSES; category++) {
            values[deltas_at + category] = 0.0;
        }
    }
}

fn input_gradient(layer: Layer, below: Layer, task: u32) {
    let row = task / layer.inputs;
    let unit = task % layer.inputs;
    var sum = 0.0;
    for (var o = 0u; o < layer.outputs; o++) {
        sum += values[layer.slopes_at + row * layer.outputs + o]
            * rest[layer.weights_at + unit * layer.stride + o];
    }
    values[below.slopes_at + task] *= sum;
}

// ==== The parameters in `rest`, a thread each.

// The layer of a parameter in `rest`.
fn layer_of(own: u32) -> Layer {
    var layer = LAYER_1;
//% for l in range(2, layers|length + 1)
    if (own >= LAYER_{{ l }}.weights_at) {
        layer = LAYER_{{ l }};
    }
//% endfor
    return layer;
}

fn device_place(network: u32, own: u32) -> u32 {
    let layer = layer_of(own);
    return network * PARAMETERS + layer.parameters_at + own - layer.weights_at;
}

fn read_rest(network: u32, own: u32) -> vec2f {
    var kept = vec2f(0.0);
    if (own < {{ rest }}u) {
        let at = device_place(network, own);
        rest[own] = parameters[at / 4u][at % 4u];
        if (MOMENTS > 0u) {
            kept.x = moments[at / 4u][at % 4u];
        }
        if (MOMENTS > 1u) {
            kept.y = moments[(SECOND_AT + at) / 4u][at % 4u];
        }
    }
    return kept;
}

// Moves a parameter; gives back its moments.
fn move_rest(state: Network, rule: Rule, own: u32, kept: vec2f) -> vec2f {
    if (own >= {{ rest }}u) {
        return kept;
    }
    let layer = layer_of(own);
    let input = select((own - layer.weights_at) / layer.stride, layer.inputs, layer.place == 1u);
    let unit = (own - layer.weights_at) % layer.stride;
    let before = Four(vec4f(rest[own]), vec4f(kept.x), vec4f(kept.y));
    let gradient = vec4f(slope_of(layer, input, unit));
    let slopes = regularise(state, gradient, before.parameters, input == layer.inputs);
    let after = take_step(state, rule, before, slopes);
    rest[own] = after.parameters.x;
    return vec2f(after.first.x, after.second.x);
}

// Sum over the rows of input times delta; a bias's input is 1, and padding has none.
fn slope_of(layer: Layer, input: u32, unit: u32) -> f32 {
    var slope = 0.0;
    for (var row = 0u; row < BATCH; row++) {
        let value = values[layer.inputs_at + row * layer.inputs + input];
        slope += values[layer.slopes_at + row * layer.outputs + unit]
            * select(value, 1.0, input == layer.inputs);
    }
    return select(0.0, slope, unit < layer.outputs);
}

fn store_rest(network: u32, own: u32, kept: vec2f) {
    if (own >= {{ rest }}u) {
        return;
    }
    let at = device_place(network, own);
    parameters[at / 4u][at % 4u] = rest[own];
    if (MOMENTS > 0u) {
        moments[at / 4u][at % 4u] = kept.x;
    }
    if (MOMENTS > 1u) {
        moments[(SECOND_AT + at) / 4u][at % 4u] = kept.y;
    }
}
