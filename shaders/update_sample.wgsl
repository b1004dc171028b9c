// uses sample.wgsl update.wgsl
// The first layer's inputs: the samples of the batch.

// The rows of the split that are the batch's samples `k` to `k + 3`.
fn four_samples(place: Place, k: u32) -> vec4u {
    return sample_rows(place.network, place.step, k);
}

// Features `row` to `row + 3` of the batch's `k`-th sample.
fn four_inputs(place: Place, sample: u32, row: u32, k: u32) -> vec4f {
    return sample_features(place.network, place.step, sample, k, row);
}
