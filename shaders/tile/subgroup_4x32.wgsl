// uses tile/place.wgsl tile/eight_lanes.wgsl
// A matmul with one subgroup of eight lanes per workgroup, like `subgroup_4x16`, but each lane keeps
// 32 columns and reads a third less per multiplication. With fewer columns this would be wasted.

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
    // One call in a loop compiles in a fraction of the time of several calls.
    for (var part = 0u; part < 8u; part++) {
        var sums = sums_0;
        if (part == 1u) { sums = sums_1; }
        if (part == 2u) { sums = sums_2; }
        if (part == 3u) { sums = sums_3; }
        if (part == 4u) { sums = sums_4; }
        if (part == 5u) { sums = sums_5; }
        if (part == 6u) { sums = sums_6; }
        if (part == 7u) { sums = sums_7; }
        store_block(place, place.row, place.column + 4u * part, sums);
    }
}
