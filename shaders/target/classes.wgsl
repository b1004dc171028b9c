// The targets of a row: 1 for its class and 0 for the others, with the smoothed fraction spread over
// all of them.

fn target_of(row: Row, output: u32) -> f32 {
    let one_hot = f32(output == row.label);
    return one_hot * (1.0 - row.smoothing) + row.smoothing / f32(OUTPUTS);
}
