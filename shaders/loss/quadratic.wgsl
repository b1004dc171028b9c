// uses logistic.wgsl
// Half the squared distance to the target after a sigmoid of each class: the loss of a row, and 1
// if its label is its largest logit's. Nielsen, "Neural Networks and Deep Learning", 2015,
// equation 6. An evaluation keeps the outputs' shares of their sum as probabilities; as multiples
// of the largest output, so that outputs too small for a float32 have shares, too.

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
