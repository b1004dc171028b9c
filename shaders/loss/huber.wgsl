// Half the squared error of each target for errors up to 1, else the error minus one half: the loss
// of a row, and its squared error. Huber, "Robust Estimation of a Location Parameter", 1964, with
// k = 1. The logits are the outputs.

fn score_row(row: Row) -> vec2f {
    var loss = 0.0;
    var squared = 0.0;
    for (var output = 0u; output < OUTPUTS; output++) {
        let answer = values[row.logits_at + output];
        let error = answer - target_of(row, output);
        let bounded = clamp(error, -1.0, 1.0);
        loss += bounded * (error - 0.5 * bounded);
        squared += error * error;
        keep(row, output, bounded, answer);
    }
    return vec2f(loss, squared);
}
