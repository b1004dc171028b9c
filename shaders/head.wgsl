// uses row.wgsl
// The head: the loss of the batch and, in training, the deltas: the gradient of the batch's mean
// loss. The files in `loss` define the loss of a row.
//
// One workgroup per network and one row at a time per thread; sums are in a fixed order. The head
// ends the forward part of a step and counts the step as finished.

@group(0) @binding(3) var<storage, read_write> values: array<f32>;            // (P, V)
@group(0) @binding(6) var<storage, read> order: array<u32>;                   // (P or 1, S, B)

override THREADS: u32 = 64u;
override OUTPUT_STRIDE: u32 = (OUTPUTS + 3u) / 4u * 4u;   // rows are padded with zeros
override VALUES: u32;              // V
override LOGITS_AT: u32;           // where (B, C) starts within V
override DELTAS_AT: u32;           // likewise; holds the probabilities in an evaluation
override PARTS: u32 = 1u;          // number of consecutive partial sums (B, C) of the logits
override PART: u32 = ROWS * OUTPUT_STRIDE;
override PART_STRIDE: u32 = BATCH_STRIDE * OUTPUT_STRIDE;

var<workgroup> outcomes: array<vec2f, THREADS>;     // sums of losses and scores

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
    let network = group.z;
    let finished = networks[network].finished;
    let rows = batch_rows(networks[network].samples, finished);
    var smoothing = 0.0;
    if (SMOOTHING) {
        smoothing = networks[network].label_smoothing;
    }
    if (PARTS > 1u) {
        add_parts(network * VALUES + LOGITS_AT, thread);
        storageBarrier();
    }
    var sums = vec2f();
    for (var row = thread; row < ROWS; row += THREADS) {
        if (row < rows) {
            let sample = order[network * batch.order_stride + finished * BATCH_STRIDE + row];
            let first = network * VALUES + row * OUTPUT_STRIDE;
            let own = row_of(sample, first + LOGITS_AT, first + DELTAS_AT, smoothing, rows);
            sums += score_row(own) * own.weights;
        } else if (TRAINING) {
            clear_row(network, row);
        }
    }
    outcomes[thread] = sums;
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (thread < half) {
            outcomes[thread] += outcomes[thread + half];
        }
    }
    if (thread == 0u) {
        networks[network].loss += outcomes[0].x;
        if (COUNTED) {
            networks[network].correct += u32(outcomes[0].y);
        } else {
            networks[network].score += outcomes[0].y;
        }
        networks[network].seen += rows;
        networks[network].finished = finished + 1u;
    }
}

// Adds the parts of all logits into the first part.
fn add_parts(logits_at: u32, thread: u32) {
    for (var at = logits_at + thread; at < logits_at + PART; at += THREADS) {
        values[at] = sum_of_parts(at);
    }
}

// This is a separate function so that compilers see the loop's constant length and read all parts at
// once.
fn sum_of_parts(at: u32) -> f32 {
    var sum = values[at];
    for (var part = 1u; part < PARTS; part++) {
        sum += values[at + part * PART_STRIDE];
    }
    return sum;
}

// Zeros the deltas of a row past the end of a smaller batch, so that it does not affect the weights.
fn clear_row(network: u32, row: u32) {
    for (var output = 0u; output < OUTPUTS; output++) {
        values[network * VALUES + DELTAS_AT + row * OUTPUT_STRIDE + output] = 0.0;
    }
}
