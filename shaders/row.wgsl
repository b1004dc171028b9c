// What a row of the batch costs is computed from its logits; where those lie, and what the row
// counts, is defined here. The costs themselves are in `loss`.

override CLASSES: u32;
override SMOOTHING: bool = false;
override TRAINING: bool;          // else an evaluation

struct Row {
    logits_at: u32,
    deltas_at: u32,
    label: u32,
    smoothing: f32,     // share of the label that is spread over all classes
    weight: f32,        // what its loss counts
    scale: f32,         // what its gradients are multiplied with
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
