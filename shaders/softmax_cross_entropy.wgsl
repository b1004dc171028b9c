// uses network.wgsl
// The head: probabilities = softmax(logits), loss = -log(probability of the label), and in
// training deltas = (probabilities - one-hot label) / rows, the slope of the batch's mean loss.
//
// One workgroup a network, one row a thread at a time, sums in a fixed order. It closes the
// forward part of a step: it counts the step as finished.

@group(0) @binding(3) var<storage, read_write> values: array<f32>;            // (P, V)
@group(0) @binding(5) var<storage, read> labels: array<u32>;                  // (n,)
@group(0) @binding(6) var<storage, read> order: array<u32>;                   // (P or 1, n)
@group(0) @binding(8) var<storage, read_write> networks: array<Network>;      // (P,)

override THREADS: u32 = 64u;
override CLASSES: u32;
override VALUES: u32;              // V
override LOGITS_AT: u32;           // where (B, C) starts within V
override DELTAS_AT: u32;           // likewise: in evaluation it takes the probabilities
override TRAINING: bool;

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
            let outcome = score_row(network, row, labels[sample], f32(rows));
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

// The row's loss, and 1 if its largest logit is its label's (of equal ones the first counts).
fn score_row(network: u32, row: u32, label: u32, rows: f32) -> vec2f {
    let logits = network * VALUES + LOGITS_AT + row * CLASSES;
    let deltas = network * VALUES + DELTAS_AT + row * CLASSES;
    var largest = values[logits];
    var guess = 0u;
    for (var category = 1u; category < CLASSES; category++) {
        let logit = values[logits + category];
        if (logit > largest) {
            largest = logit;
            guess = category;
        }
    }
    var sum = 0.0;
    for (var category = 0u; category < CLASSES; category++) {
        let exponential = exp(values[logits + category] - largest);
        values[deltas + category] = exponential;
        sum += exponential;
    }
    for (var category = 0u; category < CLASSES; category++) {
        let probability = values[deltas + category] / sum;
        if (TRAINING) {
            values[deltas + category] = (probability - f32(category == label)) / rows;
        } else {
            values[deltas + category] = probability;
        }
    }
    return vec2f(log(sum) - (values[logits + label] - largest), f32(guess == label));
}

// Rows past a smaller batch's end must not move the weights.
fn clear_row(network: u32, row: u32) {
    for (var category = 0u; category < CLASSES; category++) {
        values[network * VALUES + DELTAS_AT + row * CLASSES + category] = 0.0;
    }
}
