// uses sample.wgsl schedule.wgsl row.wgsl four.wgsl regularize.wgsl
// Many training steps of a small network in one dispatch, with one workgroup per network.
//
// The first layer's weights and their moments stay in registers from step to step: a thread owns
// the weights of four units for some groups of four features. All other parameters are in `rest` in
// workgroup memory, and their moments in the registers of the threads that update them. The first
// layer processes the rows of a batch in chunks: every thread sums over its own features, then these
// partial sums are added up.
//
// A processor keeps the features of a batch from the forward to the backward pass. A GPU, whose
// registers are full of weights, reads them twice, the second time at an address that its compiler
// does not recognize, or it would keep them all.
//
// This is a template, since registers cannot be indexed at run time: lines that begin with two
// slashes and a percent sign repeat code for every group of features, layer or row. No loop or branch
// surrounds what a thread keeps in registers: software drivers would take minutes to compile it, and
// run it half as fast.

{%- macro read(g, r, moved="") -%}
own_features(network, step, sample_{{ r }}, {{ r }}u, feature_{{ g }}{{ moved }})
{%- endmacro %}
{%- macro features(g, r, moved="") -%}
{% if kept %}features_{{ g }}_{{ r }}{% else %}{{ read(g, r, moved) }}{% endif %}
{%- endmacro %}

@group(0) @binding(0) var<storage, read_write> parameters: array<vec4f>;       // (P, S)
@group(0) @binding(1) var<storage, read_write> moments: array<vec4f>;          // (M, P, S)

override MOMENTS: u32;             // M: 0, 1 or 2
override PARAMETERS: u32;          // S
override SECOND_AT: u32;           // P * S
override DECAY: bool = false;

struct Layer {
    inputs: u32,
    input_stride: u32,  // of a row of inputs in `values`, padded to a multiple of four
    outputs: u32,
    stride: u32,        // of a row of weights or of outputs, padded likewise
    number: u32,        // 1 for the first
    parameters_at: u32, // where (I + 1, O) starts within S; first layer: only the biases
    weights_at: u32,    // where the same starts within `rest`
    inputs_at: u32,     // where (B, I) starts within `values`; not used by the first layer
    outputs_at: u32,    // likewise (B, O)
    derivatives_at: u32,     // likewise; the deltas overwrite the derivatives
}

const THREADS = {{ threads }}u;      // QUARTETS * SHARES
const BATCH = {{ rows }}u;          // B
const CHUNK = {{ chunk }}u;          // rows that the first layer computes at once
const SHARES = {{ shares }}u;        // parts that the features are split into
const QUARTETS = {{ quartets }}u;     // groups of four units in the first layer
const STRIDE = {{ stride }}u;      // of four units in `partial`; odd, so that its threads' banks differ
//% for one in layers
const LAYER_{{ loop.index }} = Layer({{ one|join("u, ") }}u);
//% endfor
const LAST_LAYER = LAYER_{{ layers|length }};

var<workgroup> rest: array<vec4f, {{ rest // 4 }}>;      // all parameters except the first layer's weights
var<workgroup> values: array<f32, {{ values }}>;
var<workgroup> partial: array<vec4f, CHUNK * QUARTETS * STRIDE>;
var<workgroup> outcomes: array<vec2f, BATCH>;       // losses and scores
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
//% for f in range(fours)
    let own_{{ f }} = 4u * ({{ f }}u * THREADS + thread);
    var moments_{{ f }} = read_rest(network, own_{{ f }});
//% endfor
    if (thread == 0u) {
        finished = state.finished;
    }
    var loss = state.loss;          // thread 0 accumulates, in the order of the steps
    var correct = state.correct;
    var scored = state.score;
    var seen = state.seen;

    let begin = workgroupUniformLoad(&finished);
    let end = max(begin, min(batch.until, begin + batch.at_once));
    for (var step = begin; step < end; step++) {
//% for r in range(rows)
        let sample_{{ r }} = sample_row(network, step, {{ r }}u);
//% if kept
//% for g in range(groups)
        let features_{{ g }}_{{ r }} = {{ read(g, r) }};
//% endfor
//% endif
//% endfor
//% for chunk_at in range(0, rows, chunk)
//% for r in range(chunk_at, chunk_at + chunk)
        var sums_{{ r }} = vec4f();
//% endfor
//% for g in range(groups)
//% for r in range(chunk_at, chunk_at + chunk)
        sums_{{ r }} += weights_{{ g }} * shown({{ features(g, r) }});
//% endfor
//% endfor
//% for r in range(chunk_at, chunk_at + chunk)
        store_partial({{ r - chunk_at }}u, unit, share, sums_{{ r }});
//% endfor
        workgroupBarrier();
        for (var task = thread; task < CHUNK * QUARTETS; task += THREADS) {
            forward_first(state, network, step, {{ chunk_at }}u, task);
        }
        workgroupBarrier();
//% endfor
//% for l in range(2, layers|length + 1)
        for (var task = thread; task < BATCH * LAYER_{{ l }}.stride / 4u; task += THREADS) {
            forward(LAYER_{{ l }}, state, network, step, task);
        }
        workgroupBarrier();
//% endfor
        for (var row = thread; row < BATCH; row += THREADS) {
            score(state, network, step, row);
        }
        workgroupBarrier();
        if (thread == 0u) {
            var sums = vec2f();
            for (var row = 0u; row < BATCH; row++) {
                sums += outcomes[row];
            }
            loss += sums.x;
            if (COUNTED) {
                correct += u32(sums.y);
            } else {
                scored += sums.y;
            }
            seen += batch_rows(state.samples, step);
        }
//% for l in range(layers|length, 1, -1)
        for (var task = thread; task < BATCH * LAYER_{{ l }}.input_stride / 4u; task += THREADS) {
            input_gradient(LAYER_{{ l }}, LAYER_{{ l - 1 }}, task);
        }
        workgroupBarrier();
//% endfor
        let now = schedule_step(network, step);
        let rule = this_rule(state, at_share(now, rate_of(LAYER_1)));
//% for f in range(fours)
        moments_{{ f }} = move_rest(state, now, own_{{ f }}, moments_{{ f }});
//% endfor
        let deltas = array<vec4f, BATCH>(
//% for r in range(rows)
            four_values(LAYER_1.derivatives_at + {{ r }}u * LAYER_1.stride + unit),
//% endfor
        );
//% for g in range(groups)
        move_weights(state, rule, &weights_{{ g }}, &first_{{ g }}, &second_{{ g }}, deltas,
            array<Features, BATCH>(
//% for r in range(rows)
            {{ features(g, r, " + state.zero") }},
//% endfor
        ));
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
//% for f in range(fours)
    store_rest(network, own_{{ f }}, moments_{{ f }});
//% endfor
    if (thread == 0u) {
        networks[network].loss = loss;
        networks[network].correct = correct;
        networks[network].score = scored;
        networks[network].seen = seen;
        networks[network].finished = end;
    }
}

// ==== The first layer's weights: 4 units (rows) by 4 features (columns) in a matrix. Past the
// last feature a thread keeps zeros, which no step changes; past the last unit the padding is zero.

fn read_weights(network: u32, feature: u32, unit: u32) -> mat4x4f {
    let at = (network * PARAMETERS + feature * LAYER_1.stride + unit) / 4u;
    return own_weights(feature, mat4x4f(
        parameters[at], parameters[at + LAYER_1.stride / 4u],
        parameters[at + LAYER_1.stride / 2u], parameters[at + 3u * LAYER_1.stride / 4u]));
}

// The first (0) or second (1) moments; zero if the rule keeps none.
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
    second: ptr<function, mat4x4f>, deltas: array<vec4f, BATCH>, features: array<Features, BATCH>,
) {
//% for r in range(rows)
    let inputs_{{ r }} = shown(features[{{ r }}]);
//% endfor
//% for f in range(4)
//% for u in "xyzw"
    let moved_{{ f }}_{{ u }} = moved(
        state, rule, One((*weights)[{{ f }}].{{ u }}, (*first)[{{ f }}].{{ u }}, (*second)[{{ f }}].{{ u }}),
        {%- for r in range(rows) %}{{ " +" if r }} deltas[{{ r }}].{{ u }} * inputs_{{ r }}[{{ f }}]{% endfor %}, false);
    (*weights)[{{ f }}].{{ u }} = moved_{{ f }}_{{ u }}.parameter;
    (*first)[{{ f }}].{{ u }} = moved_{{ f }}_{{ u }}.first;
    (*second)[{{ f }}].{{ u }} = moved_{{ f }}_{{ u }}.second;
//% endfor
//% endfor
}

// A parameter after its step. The template leaves out what no network uses, since a constant switch
// would first be written out for every weight and only then dropped by the compiler.
fn moved(state: Network, rule: Rule, one: One, gradient: f32, is_bias: bool) -> One {
//% if regularized
    let regularized = regularize(state, gradient, one.parameter, is_bias);
    let kept = select(1.0, 1.0 - rule.rate * state.weight_decay, DECAY);
    return optimize(rule, One(one.parameter * kept, one.first, one.second), regularized);
//% else
    return optimize(rule, one, gradient);
//% endif
}

// ==== The first layer's matmul.

fn store_partial(row: u32, unit: u32, share: u32, sums: vec4f) {
    partial[(row * QUARTETS + unit / 4u) * STRIDE + share] = sums;
}

fn forward_first(state: Network, network: u32, step: u32, chunk_at: u32, task: u32) {
    var sums = rest[task % QUARTETS];
    for (var share = 0u; share < SHARES; share++) {
        sums += partial[task * STRIDE + share];
    }
    store_outputs(LAYER_1, state, network, step, chunk_at + task / QUARTETS,
        4u * (task % QUARTETS), sums);
}

// Four features that a thread owns, packed if they need no dropout; zero past the last one, where
// the next sample begins.
//% if input_dropout
alias Features = vec4f;

fn own_features(network: u32, step: u32, sample: u32, row: u32, feature: u32) -> Features {
    let features = sample_features(network, step, sample, row, feature);
    return select(Features(), features, feature < LAYER_1.inputs);
}

fn shown(features: Features) -> vec4f {
    return features;
}
//% else
alias Features = Packed;

fn own_features(network: u32, step: u32, sample: u32, row: u32, feature: u32) -> Features {
    return select(Features(), read_packed(sample, feature), feature < LAYER_1.inputs);
}

fn shown(features: Features) -> vec4f {
    return unpack(features);
}
//% endif

// ==== The other layers; each task is four units of a row.

fn forward(layer: Layer, state: Network, network: u32, step: u32, task: u32) {
    let quartets = layer.stride / 4u;
    let row = task / quartets;
    let weights_at = layer.weights_at / 4u + task % quartets;
    let inputs_at = layer.inputs_at + row * layer.input_stride;
    var sums = rest[weights_at + layer.inputs * quartets];
    for (var i = 0u; i < layer.inputs; i++) {
        sums += values[inputs_at + i] * rest[weights_at + i * quartets];
    }
    store_outputs(layer, state, network, step, row, 4u * (task % quartets), sums);
}

// The outputs and derivatives of four units; zero past the last one. The last layer's outputs are
// its logits; its deltas are zero until they are known.
fn store_outputs(
    layer: Layer, state: Network, network: u32, step: u32, row: u32, unit: u32, sums: vec4f,
) {
    let at = row * layer.stride + unit;
    if (layer.number == LAST_LAYER.number) {
        store_values(layer.outputs_at + at, sums);
        store_values(layer.derivatives_at + at, vec4f());
        return;
    }
    let both = transpose(mat4x2f(
        activate(sums.x), activate(sums.y), activate(sums.z), activate(sums.w)));
    var mask = select(
        vec4f(0.0), vec4f(1.0), vec4u(unit) + vec4u(0u, 1u, 2u, 3u) < vec4u(layer.outputs));
//% if dropout
    let rate = dropout_rates[network * {{ layers|length - 1 }}u + layer.number - 1u];
    mask *= dropout_mask(
        state.seed, state.first_step + step, layer.number, row, unit, rate.threshold, rate.scale);
//% endif
    store_values(layer.outputs_at + at, both[0] * mask);
    store_values(layer.derivatives_at + at, both[1] * mask);
}

// The loss of a row, and the last layer's deltas, which stay zero for rows past the batch's end.
fn score(state: Network, network: u32, step: u32, row: u32) {
    let rows = batch_rows(state.samples, step);
    outcomes[row] = vec2f();
    if (row < rows) {
        let own = row_of(
            sample_row(network, step, row), LAST_LAYER.outputs_at + row * LAST_LAYER.stride,
            LAST_LAYER.derivatives_at + row * LAST_LAYER.stride, state.label_smoothing, rows);
        outcomes[row] = score_row(own) * own.weights;
    }
}

// Past the last input the biases are read as weights, without effect: derivatives are zero there.
fn input_gradient(layer: Layer, below: Layer, task: u32) {
    let quartets = layer.input_stride / 4u;
    let row = task / quartets;
    let unit = 4u * (task % quartets);
    let inputs = min(vec4u(unit) + vec4u(0u, 1u, 2u, 3u), vec4u(layer.inputs));
    let weights_at = (vec4u(layer.weights_at) + inputs * layer.stride) / 4u;
    let deltas_at = layer.derivatives_at + row * layer.stride;
    var sums = vec4f();
    for (var o = 0u; o < layer.stride / 4u; o++) {
        sums += four_values(deltas_at + 4u * o) * mat4x4f(
            rest[weights_at.x + o], rest[weights_at.y + o],
            rest[weights_at.z + o], rest[weights_at.w + o]);
    }
    let at = below.derivatives_at + row * below.stride + unit;
    store_values(at, four_values(at) * sums);
}

fn four_values(at: u32) -> vec4f {
    return vec4f(values[at], values[at + 1u], values[at + 2u], values[at + 3u]);
}

fn store_values(at: u32, four: vec4f) {
    values[at] = four.x;
    values[at + 1u] = four.y;
    values[at + 2u] = four.z;
    values[at + 3u] = four.w;
}

// ==== The parameters in `rest`, four neighbors per thread.

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

// The fraction of the learning rate for a layer's weights.
fn rate_of(layer: Layer) -> f32 {
    return {{ "1.0 / sqrt(f32(layer.inputs))" if rate_by_inputs else "1.0" }};
}

fn device_place(network: u32, own: u32) -> u32 {
    let layer = layer_of(own);
    return network * PARAMETERS + layer.parameters_at + own - layer.weights_at;
}

struct Moments {
    first: vec4f,
    second: vec4f,
}

fn read_rest(network: u32, own: u32) -> Moments {
    var kept = Moments();
    if (own < {{ rest }}u) {
        let at = device_place(network, own);
        rest[own / 4u] = parameters[at / 4u];
        if (MOMENTS > 0u) {
            kept.first = moments[at / 4u];
        }
        if (MOMENTS > 1u) {
            kept.second = moments[(SECOND_AT + at) / 4u];
        }
    }
    return kept;
}

// Updates four parameters and returns their moments.
fn move_rest(state: Network, now: vec4f, own: u32, kept: Moments) -> Moments {
    if (own >= {{ rest }}u) {
        return kept;
    }
    let layer = layer_of(own);
    let input = select((own - layer.weights_at) / layer.stride, layer.inputs, layer.number == 1u);
    let unit = (own - layer.weights_at) % layer.stride;
    let is_bias = input == layer.inputs;
//% if own_rates
    let rule = this_rule(state, at_share(now, select(rate_of(layer), state.bias_rate, is_bias)));
//% else
    let rule = this_rule(state, now);
//% endif
    let before = rest[own / 4u];
    let gradients = gradients_of(layer, input, unit);
//% for u in "xyzw"
    let {{ u }} = moved(
        state, rule, One(before.{{ u }}, kept.first.{{ u }}, kept.second.{{ u }}), gradients.{{ u }}, is_bias);
//% endfor
    rest[own / 4u] = vec4f(x.parameter, y.parameter, z.parameter, w.parameter);
    return Moments(vec4f(x.first, y.first, z.first, w.first),
        vec4f(x.second, y.second, z.second, w.second));
}

// Sum over the rows of input times delta; a bias's input is 1.
fn gradients_of(layer: Layer, input: u32, unit: u32) -> vec4f {
    var gradients = vec4f();
    for (var row = 0u; row < BATCH; row++) {
        let value = values[layer.inputs_at + row * layer.input_stride + input];
        gradients += four_values(layer.derivatives_at + row * layer.stride + unit)
            * select(value, 1.0, input == layer.inputs);
    }
    return gradients;
}

fn store_rest(network: u32, own: u32, kept: Moments) {
    if (own >= {{ rest }}u) {
        return;
    }
    let at = device_place(network, own);
    parameters[at / 4u] = rest[own / 4u];
    if (MOMENTS > 0u) {
        moments[at / 4u] = kept.first;
    }
    if (MOMENTS > 1u) {
        moments[(SECOND_AT + at) / 4u] = kept.second;
    }
}
