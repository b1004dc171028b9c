// The settings of each network in a population, and its progress in the epoch.

struct Network {
    seed: u32,
    first_step: u32,        // steps taken before this epoch
    finished: u32,          // steps of this epoch whose loss is known
    samples: u32,           // of the epoch
    seen: u32,              // samples counted
    correct: u32,           // correct samples, if all have equal weight
    loss: f32,              // sum over the samples
    score: f32,             // likewise of the weights of hits, or of squared errors
    input_threshold: u32,   // draws below it are dropped; rate * 2^32
    input_scale: f32,       // 1 / (1 - rate)
    momentum: f32,
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    weight_decay: f32,
    l1: f32,
    l2: f32,
    l1_biases: f32,
    l2_biases: f32,
    max_norm: f32,
    clip_value: f32,
    clip_norm: f32,
    gradient_scale: f32,    // factor that clips the norm of this step's gradient
    label_smoothing: f32,
    zero: u32,              // always 0, unknown to compilers
    bias_rate: f32,         // fraction of the learning rate for the biases
}

struct Batch {
    steps: u32,             // S, of the epoch
    order_stride: u32,      // S * B if every network has its own order, 0 if all share one
    until: u32,             // the persistent plan stops before this step of the epoch
    at_once: u32,           // most steps per dispatch of the persistent plan
}

@group(0) @binding(9) var<uniform> batch: Batch;

override ROWS: u32;         // B, of a full batch
override BATCH_STRIDE: u32 = (ROWS + 3u) / 4u * 4u;

// The rows of a network's batch after `finished` batches; the last one may be smaller.
fn batch_rows(samples: u32, finished: u32) -> u32 {
    return min(ROWS, samples - min(samples, finished * ROWS));
}
