// The wanted outputs of a row: its measured targets.

fn target_of(row: Row, output: u32) -> f32 {
    return bitcast<f32>(labels[row.targets_at + output]);
}
