// uses network.wgsl
// A row of the batch. `target` defines the wanted outputs, `loss` the loss.

@group(0) @binding(5) var<storage, read> labels: array<u32>;                   // (n, TARGETS + WEIGHTS)
@group(0) @binding(8) var<storage, read_write> networks: array<Network>;       // (P,)

override OUTPUTS: u32;            // C classes, or T targets
override TARGETS: u32;            // per sample: 1 (its class), or T floats
override WEIGHTS: u32 = 0u;       // after them: weight in the training loss, and in all else
override COUNTED: bool = true;    // whether every score is 0 or 1
override SMOOTHING: bool = false;
override TRAINING: bool;          // false in an evaluation

struct Row {
    logits_at: u32,
    deltas_at: u32,     // of its answers in an evaluation
    targets_at: u32,    // in `labels`
    label: u32,         // its class, if it has one
    smoothing: f32,     // fraction of a label that is smoothed
    weights: vec2f,     // of its loss and of its score
    scale: f32,         // factor of its gradients
}

// One row of the batch.
fn row_of(sample: u32, logits_at: u32, deltas_at: u32, smoothing: f32, rows: u32) -> Row {
    let at = sample * (TARGETS + WEIGHTS);
    var weights = vec2f(1.0);
    if (WEIGHTS > 1u) {
        weights = vec2f(bitcast<f32>(labels[at + TARGETS + 1u]));
    }
    if (WEIGHTS > 0u && TRAINING) {
        weights.x = bitcast<f32>(labels[at + TARGETS]);
    }
    return Row(logits_at, deltas_at, at, labels[at], smoothing, weights, weights.x / f32(rows));
}

// Stores the delta of an output in training, or the output in an evaluation.
fn keep(row: Row, output: u32, gradient: f32, answer: f32) {
    values[row.deltas_at + output] = select(answer, gradient * row.scale, TRAINING);
}

// The class of the largest logit; the first of equal ones.
fn guess_of(row: Row) -> u32 {
    var largest = values[row.logits_at];
    var guess = 0u;
    for (var category = 1u; category < OUTPUTS; category++) {
        let logit = values[row.logits_at + category];
        if (logit > largest) {
            largest = logit;
            guess = category;
        }
    }
    return guess;
}
