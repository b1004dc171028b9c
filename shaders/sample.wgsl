// uses network.wgsl dropout.wgsl
// Reads the samples of a batch without copying them; `input/bytes.wgsl` and `input/floats.wgsl` say
// how to read four features of a sample from memory.

@group(0) @binding(6) var<storage, read> order: array<vec4u>;  // (P or 1, S, B), B padded to fours

override FEATURES: u32;                                        // I of the first layer
override INPUT_DROPOUT: bool = false;

// The rows of the split that are rows `row` to `row + 3` of the batch; `row` is a multiple of 4. Past
// the batch's end the last row repeats, without effect, since the deltas there are zero.
fn sample_rows(network: u32, step: u32, row: u32) -> vec4u {
    return order[(network * batch.order_stride + step * BATCH_STRIDE + row) / 4u];
}

fn sample_row(network: u32, step: u32, row: u32) -> u32 {
    return order[(network * batch.order_stride + step * BATCH_STRIDE + row) / 4u][row % 4u];
}

// Features `feature` to `feature + 3` as the first layer sees them; `feature` is a multiple of 4.
fn sample_features(network: u32, step: u32, sample: u32, row: u32, feature: u32) -> vec4f {
    let features = unpack(read_packed(sample, feature));
    if (!INPUT_DROPOUT) {
        return features;
    }
    let state = networks[network];
    return features * dropout_mask(state.seed, state.first_step + step, 0u, row, feature,
                                   state.input_threshold, state.input_scale);
}
