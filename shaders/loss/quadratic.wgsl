// uses logistic.wgsl
// Half the squared distance to the targets after a sigmoid of each logit: the loss of a row, and 1
// if the largest logit is that of its label. Nielsen, "Neural Networks and Deep Learning", 2015,
// equation 6. As probabilities, an evaluation keeps the outputs divided by their sum, computed
// relative to the largest output, so that even outputs that underflow float32 get a probability.

fn score_row(row: Row) -> vec2f {
    let guess = guess_of(row);
    let largest = min(values[row.logits_at + guess], 0.0);
    var loss = 0.0;
    var sum = 0.0;
    for (var category = 0u; category < OUTPUTS; category++) {
        let logit = values[row.logits_at + category];
        let output = logistic(logit);
        let error = output - target_of(row, category);
        loss += 0.5 * error * error;
        if (TRAINING) {
            values[row.deltas_at + category] = error * output * (1.0 - output) * row.scale;
        } else {
            let multiple = exp(min(logit, 0.0) - largest) / (1.0 + exp(-abs(logit)));
            values[row.deltas_at + category] = multiple;
            sum += multiple;
        }
    }
    if (!TRAINING) {
        for (var category = 0u; category < OUTPUTS; category++) {
            values[row.deltas_at + category] /= sum;
        }
    }
    return vec2f(loss, f32(guess == row.label));
}
