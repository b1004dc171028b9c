// uses network.wgsl row.wgsl
// The head: what the batch costs, and in training deltas = gradient of the loss / rows, the
// gradient of the batch's mean loss. What a row costs is said by
// `loss/softmax_cross_entropy.wgsl` or `loss/quadratic.wgsl`,
// what it counts by `weight/equal.wgsl` or `weight/by_class.wgsl`.
//
// One workgroup a network, one row a thread at a time, sums in a fixed order. It closes the
// forward part of a step: it counts the step as finished.

@group(0) @binding(3) var<storage, read_write> values: array<f32>;            // (P, V)
@group(0) @binding(5) var<storage, read> labels: array<u32>;                  // (n,)
@group(0) @binding(6) var<storage, read> order: array<u32>;                   // (P or 1, S, B)
@group(0) @binding(8) var<storage, read_write> networks: array<Network>;      // (P,)

override THREADS: u32 = 64u;
override CLASS_STRIDE: u32 = (CLASSES + 3u) / 4u * 4u;   // rows are padded with zeros
override VALUES: u32;              // V
override LOGITS_AT: u32;           // where (B, C) starts within V
override DELTAS_AT: u32;           // likewise: in evaluation it takes the probabilities
override PARTS: u32 = 1u;          // the logits are the sums of so many (B, C) behind each other
override PART: u32 = ROWS * CLASS_STRIDE;
override PART_STRIDE: u32 = BATCH_STRIDE * CLASS_STRIDE;

var<workgroup> losses: array<f32, THREADS>;
var<workgroup> hits: array<u32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
    let network = group.z;
    let finished = networks[network].finished;
    let rows = batch_rows(finished);
    if (PARTS > 1u) {
        add_parts(network * VALUES + LOGITS_AT, thread);
        storageBarrier();
    }
    var loss = 0.0;
    var correct = 0u;
    for (var row = thread; row < ROWS; row += THREADS) {
        if (row < rows) {
            let sample = order[network * batch.order_stride + finished * BATCH_STRIDE + row];
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

// Put the sums of all logits' parts in the place of the first ones.
fn add_parts(logits_at: u32, thread: u32) {
    for (var at = logits_at + thread; at < logits_at + PART; at += THREADS) {
        values[at] = sum_of_parts(at);
    }
}

// A function of its own, where compilers see that the loop's length is constant, and so read all
// parts at once.
fn sum_of_parts(at: u32) -> f32 {
    var sum = values[at];
    for (var part = 1u; part < PARTS; part++) {
        sum += values[at + part * PART_STRIDE];
    }
    return sum;
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

// Rows past a smaller batch's end must not move the weights.
fn clear_row(network: u32, row: u32) {
    for (var category = 0u; category < CLASSES; category++) {
        values[network * VALUES + DELTAS_AT + row * CLASS_STRIDE + category] = 0.0;
    }
}
