// uses tile/place.wgsl tile/eight_lanes.wgsl
// A matmul with one subgroup of eight lanes per workgroup: each lane keeps 4 rows of 16 columns of
// the product and reads its own rows of the left factor, while the lanes together read the right
// factor once and broadcast it. Per multiplication that is a third of the reads of `registers_8x8`.
// The kernel that follows provides the factors (locate, left_rows, left_block, right_block) and
// stores the product (store_block).

const THREAD_ROWS = 4u;
const THREAD_COLUMNS = 16u;

// Two blocks of terms by four blocks of columns: one for each lane to read.
@compute @workgroup_size(8)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let place = locate(group, vec2u(0u, lane));
    let rows = left_rows(place, place.row);
    let own_k = 4u * (lane / 4u);
    let own_column = place.column + 4u * (lane % 4u);
    var sums_0 = mat4x4f();
    var sums_1 = mat4x4f();
    var sums_2 = mat4x4f();
    var sums_3 = mat4x4f();
    for (var k = 0u; k < DEPTH; k += 8u) {
        let own = right_block(place, k + own_k, own_column);
        let near = left_block(place, rows, place.row, k);
        sums_0 = add_product(sums_0, near, block_of_lane_0(own));
        sums_1 = add_product(sums_1, near, block_of_lane_1(own));
        sums_2 = add_product(sums_2, near, block_of_lane_2(own));
        sums_3 = add_product(sums_3, near, block_of_lane_3(own));
        if (k + 4u < DEPTH) {
            let far = left_block(place, rows, place.row, k + 4u);
            sums_0 = add_product(sums_0, far, block_of_lane_4(own));
            sums_1 = add_product(sums_1, far, block_of_lane_5(own));
            sums_2 = add_product(sums_2, far, block_of_lane_6(own));
            sums_3 = add_product(sums_3, far, block_of_lane_7(own));
        }
    }
    // One call in a loop compiles in a fraction of the time of several calls.
    for (var part = 0u; part < 4u; part++) {
        var sums = sums_0;
        if (part == 1u) { sums = sums_1; }
        if (part == 2u) { sums = sums_2; }
        if (part == 3u) { sums = sums_3; }
        store_block(place, place.row, place.column + 4u * part, sums);
    }
}
