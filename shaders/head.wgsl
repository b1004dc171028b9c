// uses network.wgsl
// The head: what the batch costs, and in training deltas = slope of the loss / rows, the slope of
// the batch's mean loss. What a row costs is said by `loss/softmax_cross_entropy.wgsl` or
// `loss/quadratic.wgsl`, what it counts by `weight/equal.wgsl` or `weight/by_class.wgsl`.
//
// One workgroup a network, one row a thread at a time, sums in a fixed order. It closes the
// forward part of a step: it counts the step as finished.

@group(0) @binding(3) var<storage, read_write> values: array<f32>;            // (P, V)
@group(0) @binding(5) var<storage, read> labels: array<u32>;                  // (n,)
@group(0) @binding(6) var<storage, read> order: array<u32>;                   // (P or 1, n)
@group(0) @binding(8) var<storage, read_write> networks: array<Network>;      // (P,)

override THREADS: u32 = 64u;
override CLASSES: u32;
override CLASS_STRIDE: u32 = (CLASSES + 3u) / 4u * 4u;   // rows are padded with zeros
override VALUES: u32;              // V
override LOGITS_AT: u32;           // where (B, C) starts within V
override DELTAS_AT: u32;           // likewise: in evaluation it takes the probabilities
override TRAINING: bool;
override SMOOTHING: bool = false;

var<workgroup> losses: array<f32, THREADS>;
var<workgroup> hits: array<u32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
    let network = group.z;
    let finished = networks[network].finished;
    let rows = batch_rows(finished);
    var loss = 0.0;
    var correct = 0u;
    for (var row = thread; row < ROWS; row += THREADS) {
        if (row < rows) {
            let sample = order[network * batch.order_stride + finished * ROWS + row];
            let outcome = score_row(row_of(network, row, labels[sample], rows));
            loss += outcome.x;
            correct += u32(outcome.y);
        } else if (TRAINING) {
            clear_row(network, row);
        }
    }
    losses[thread] = loss;
    hits[thread] = correct;
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (thread < half) {
            losses[thread] += losses[thread + half];
            hits[thread] += hits[thread + half];
        }
    }
    if (thread == 0u) {
        networks[network].loss += losses[0];
        networks[network].correct += hits[0];
        networks[network].seen += rows;
        networks[network].finished = finished + 1u;
    }
}

// A row of the batch.
struct Row {
    logits_at: u32,
    deltas_at: u32,
    label: u32,
    smoothing: f32,     // share of the label that is spread over all classes
    weight: f32,        // what its loss counts
    scale: f32,         // what its slopes are multiplied with
}

fn row_of(network: u32, row: u32, label: u32, rows: u32) -> Row {
    let first = network * VALUES + row * CLASS_STRIDE;
    var smoothing = 0.0;
    if (SMOOTHING) {
        smoothing = networks[network].label_smoothing;
    }
    var weight = 1.0;
    if (TRAINING) {
        weight = class_weight(label);
    }
    return Row(first + LOGITS_AT, first + DELTAS_AT, label, smoothing, weight, weight / f32(rows));
}

fn target_of(row: Row, category: u32) -> f32 {
    let one_hot = f32(category == row.label);
    return one_hot * (1.0 - row.smoothing) + row.smoothing / f32(CLASSES);
}

// The class of the largest logit; of equal ones the first.
fn guess_of(row: Row) -> u32 {
    var largest = values[row.logits_at];
    var guess = 0u;
    for (var category = 1u; category < CLASSES; category++) {
        let logit = values[row.logits_at + category];
        if (logit > largest) {
            largest = logit;
            guess = category;
        }
    }
    return guess;
}

// Rows past a smaller batch's end must not move the weights.
fn clear_row(network: u32, row: u32) {
    for (var category = 0u; category < CLASSES; category++) {
        values[network * VALUES + DELTAS_AT + row * CLASS_STRIDE + category] = 0.0;
    }
}
