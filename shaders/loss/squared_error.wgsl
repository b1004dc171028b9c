// Half the squared distance to the targets: the loss of a row, and the squared distance itself.
// The logits are the outputs.

fn score_row(row: Row) -> vec2f {
    var squared = 0.0;
    for (var output = 0u; output < OUTPUTS; output++) {
        let answer = values[row.logits_at + output];
        let error = answer - target_of(row, output);
        squared += error * error;
        keep(row, output, error, answer);
    }
    return vec2f(0.5 * squared, squared);
}
