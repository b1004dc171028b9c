// uses sample.wgsl update.wgsl
// The first layer's inputs: the samples of the batch.

// Where the inputs lie is said by the batch's order, not by the product's rows.
fn left_rows(place: Place, row: u32) -> vec4u {
    return vec4u(0u);
}

// inputs[k .. k + 3, row .. row + 3], a column of the matrix per k: a sample's four features.
fn left_block(place: Place, unused: vec4u, row: u32, k: u32) -> mat4x4f {
    return mat4x4f(
        four_features(place, row, k),
        four_features(place, row, k + 1u),
        four_features(place, row, k + 2u),
        four_features(place, row, k + 3u));
}

fn four_features(place: Place, row: u32, k: u32) -> vec4f {
    let sample = sample_row(place.network, place.step, k);
    return with_bias_input(sample_features(place, sample, k, row), row);
}
