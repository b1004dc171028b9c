// The targets of a row: its measured values.

fn target_of(row: Row, output: u32) -> f32 {
    return bitcast<f32>(labels[row.targets_at + output]);
}
