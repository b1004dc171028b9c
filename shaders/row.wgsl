// uses network.wgsl
// A row of the batch. `target` defines the wanted outputs, `loss` the loss.

@group(0) @binding(5) var<storage, read> labels: array<u32>;                   // (n, TARGETS + WEIGHTS)
@group(0) @binding(8) var<storage, read_write> networks: array<Network>;       // (P,)

override OUTPUTS: u32;            // C classes, or T targets
override TARGETS: u32;            // of a sample: 1, its class, or T floats
override WEIGHTS: u32 = 0u;       // behind them: what it counts in training's loss, and in all else
override COUNTED: bool = true;    // whether every score is 0 or 1
override SMOOTHING: bool = false;
override TRAINING: bool;          // else an evaluation

struct Row {
    logits_at: u32,
    deltas_at: u32,     // in an evaluation of its answer
    targets_at: u32,    // in `labels`
    label: u32,         // its class, if any
    smoothing: f32,     // share of a label that is spread
    weights: vec2f,     // what its loss and its score count
    scale: f32,         // what its gradients are multiplied with
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

// The class of the largest logit; of equal ones the first.
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
