// uses logistic.wgsl
// Cross-entropy after a sigmoid for each label: the loss of a row, and 1 if every probability is on
// the right side of one half. Its gradients are probability - target; an evaluation keeps the
// probabilities instead. No exponential can overflow.

fn score_row(row: Row) -> vec2f {
    var loss = 0.0;
    var right = true;
    for (var output = 0u; output < OUTPUTS; output++) {
        let logit = values[row.logits_at + output];
        let wanted = target_of(row, output);
        loss += max(logit, 0.0) - wanted * logit + log(1.0 + exp(-abs(logit)));
        right = right && (logit > 0.0) == (wanted > 0.5);
        let probability = logistic(logit);
        keep(row, output, probability - wanted, probability);
    }
    return vec2f(loss, f32(right));
}
