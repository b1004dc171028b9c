// The targets of a row: 1 for each label that it has and 0 for the others, smoothed toward one half.

fn target_of(row: Row, output: u32) -> f32 {
    let label = bitcast<f32>(labels[row.targets_at + output]);
    return label * (1.0 - row.smoothing) + row.smoothing / 2.0;
}
