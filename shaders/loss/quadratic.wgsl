// uses logistic.wgsl
// Half the squared distance to the target after a sigmoid of each class: what a row costs, and 1
// if its label is its largest logit's. Nielsen, "Neural Networks and Deep Learning", 2015,
// equation 6. An evaluation keeps the outputs' shares of their sum as probabilities.

fn score_row(row: Row) -> vec2f {
    let guess = guess_of(row);
    var loss = 0.0;
    var sum = 0.0;
    for (var category = 0u; category < CLASSES; category++) {
        let output = logistic(values[row.logits_at + category]);
        let error = output - target_of(row, category);
        loss += 0.5 * error * error;
        sum += output;
        if (TRAINING) {
            values[row.deltas_at + category] = error * output * (1.0 - output) * row.scale;
        } else {
            values[row.deltas_at + category] = output;
        }
    }
    if (!TRAINING) {
        for (var category = 0u; category < CLASSES; category++) {
            values[row.deltas_at + category] /= sum;
        }
    }
    return vec2f(loss * row.weight, f32(guess == row.label));
}
