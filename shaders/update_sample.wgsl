// uses sample.wgsl update.wgsl
// The first layer's inputs: the samples of the batch.

// Features `row` to `row + 3` of the batch's `k`-th sample.
fn four_inputs(place: Place, row: u32, k: u32) -> vec4f {
    let sample = sample_row(place.network, place.step, k);
    return sample_features(place.network, place.step, sample, k, row);
}
