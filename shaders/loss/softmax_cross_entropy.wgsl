// Cross-entropy after a softmax: the loss of a row, and 1 if the largest logit is that of its label.
// Its gradients are probability - target; an evaluation keeps the probabilities instead.

fn score_row(row: Row) -> vec2f {
    let guess = guess_of(row);
    let largest = values[row.logits_at + guess];
    var sum = 0.0;
    var wanted = 0.0;
    for (var category = 0u; category < OUTPUTS; category++) {
        let shifted = values[row.logits_at + category] - largest;
        let exponential = exp(shifted);
        values[row.deltas_at + category] = exponential;
        sum += exponential;
        if (SMOOTHING) {
            wanted += target_of(row, category) * shifted;
        }
    }
    if (!SMOOTHING) {
        wanted = values[row.logits_at + row.label] - largest;
    }
    for (var category = 0u; category < OUTPUTS; category++) {
        let probability = values[row.deltas_at + category] / sum;
        if (TRAINING) {
            values[row.deltas_at + category] =
                (probability - target_of(row, category)) * row.scale;
        } else {
            values[row.deltas_at + category] = probability;
        }
    }
    return vec2f(log(sum) - wanted, f32(guess == row.label));
}
