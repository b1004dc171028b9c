// uses sample.wgsl forward.wgsl
// The left factor of the first layer's matmul: the samples of the batch.

// The rows of the split that four rows of the batch use.
fn left_rows(place: Place, row: u32) -> vec4u {
    return sample_rows(place.network, place.step, row);
}

fn left_block(place: Place, samples_at: vec4u, row: u32, k: u32) -> mat4x4f {
    let first = place.first;
    return transpose(mat4x4f(
        sample_features(place.network, place.step, samples_at.x, row, first + k),
        sample_features(place.network, place.step, samples_at.y, row + 1u, first + k),
        sample_features(place.network, place.step, samples_at.z, row + 2u, first + k),
        sample_features(place.network, place.step, samples_at.w, row + 3u, first + k)));
}
