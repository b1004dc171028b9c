// uses tile/place.wgsl tile/eight_lanes.wgsl
// Multiplies two matrices with one subgroup of eight lanes a workgroup, like `subgroup_4x16`, but
// each lane keeps 32 columns: per product of two numbers a third less is read. For products of
// fewer columns that would be in vain.

const THREAD_ROWS = 4u;
const THREAD_COLUMNS = 32u;

@compute @workgroup_size(8)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let place = locate(group, vec2u(0u, lane));
    let rows = left_rows(place, place.row);
    var sums_0 = mat4x4f();
    var sums_1 = mat4x4f();
    var sums_2 = mat4x4f();
    var sums_3 = mat4x4f();
    var sums_4 = mat4x4f();
    var sums_5 = mat4x4f();
    var sums_6 = mat4x4f();
    var sums_7 = mat4x4f();
    for (var k = 0u; k < DEPTH; k += 4u) {
        let own = right_block(place, k, place.column + 4u * lane);
        let left = left_block(place, rows, place.row, k);
        sums_0 = add_product(sums_0, left, block_of_lane_0(own));
        sums_1 = add_product(sums_1, left, block_of_lane_1(own));
        sums_2 = add_product(sums_2, left, block_of_lane_2(own));
        sums_3 = add_product(sums_3, left, block_of_lane_3(own));
        sums_4 = add_product(sums_4, left, block_of_lane_4(own));
        sums_5 = add_product(sums_5, left, block_of_lane_5(own));
        sums_6 = add_product(sums_6, left, block_of_lane_6(own));
        sums_7 = add_product(sums_7, left, block_of_lane_7(own));
    }
    store_block(place, place.row, place.column, sums_0);
    store_block(place, place.row, place.column + 4u, sums_1);
    store_block(place, place.row, place.column + 8u, sums_2);
    store_block(place, place.row, place.column + 12u, sums_3);
    store_block(place, place.row, place.column + 16u, sums_4);
    store_block(place, place.row, place.column + 20u, sums_5);
    store_block(place, place.row, place.column + 24u, sums_6);
    store_block(place, place.row, place.column + 28u, sums_7);
}
