// exp(z) - y z for each target y with the output exp(z): the loss of a row, and its squared error.
// Beyond LARGEST_RATE, the exponential continues as a straight line, so that its square does not
// overflow; see `reference/kernels.py`.

const LARGEST_RATE = 30.0;

fn score_row(row: Row) -> vec2f {
    var loss = 0.0;
    var squared = 0.0;
    for (var output = 0u; output < OUTPUTS; output++) {
        let logit = values[row.logits_at + output];
        let wanted = target_of(row, output);
        let bounded = min(logit, LARGEST_RATE);
        let rate = exp(bounded);
        let error = rate - wanted;
        loss += rate * (1.0 + (logit - bounded)) - wanted * logit;
        squared += error * error;
        keep(row, output, error, rate);
    }
    return vec2f(loss, squared);
}
