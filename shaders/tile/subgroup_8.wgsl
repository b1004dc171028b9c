// uses tile/place.wgsl
// Multiplies two matrices with one subgroup of eight lanes a workgroup: each lane keeps 4 rows of
// 16 columns of the product and reads its own rows of the left factor, while the right factor is
// read once by the lanes together and handed round. Per product of two numbers that is a third of
// the reads of `registers_8x8`. The kernel that is joined to it says which factors (locate,
// left_rows, left_block, right_block) and what becomes of the product (store_block).

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
    var first = mat4x4f();
    var second = mat4x4f();
    var third = mat4x4f();
    var fourth = mat4x4f();
    for (var k = 0u; k < DEPTH; k += 8u) {
        let own = right_block(place, k + own_k, own_column);
        let near = transpose(left_block(place, rows, place.row, k));
        first += block_of_lane_0(own) * near;
        second += block_of_lane_1(own) * near;
        third += block_of_lane_2(own) * near;
        fourth += block_of_lane_3(own) * near;
        if (k + 4u < DEPTH) {
            let far = transpose(left_block(place, rows, place.row, k + 4u));
            first += block_of_lane_4(own) * far;
            second += block_of_lane_5(own) * far;
            third += block_of_lane_6(own) * far;
            fourth += block_of_lane_7(own) * far;
        }
    }
    store_block(place, place.row, place.column, first);
    store_block(place, place.row, place.column + 4u, second);
    store_block(place, place.row, place.column + 8u, third);
    store_block(place, place.row, place.column + 12u, fourth);
}

// The block that a lane holds. The lane must be a constant.
fn block_of_lane_0(own: mat4x4f) -> mat4x4f {
    return mat4x4f(subgroupBroadcast(own[0], 0u), subgroupBroadcast(own[1], 0u),
                   subgroupBroadcast(own[2], 0u), subgroupBroadcast(own[3], 0u));
}

fn block_of_lane_1(own: mat4x4f) -> mat4x4f {
    return mat4x4f(subgroupBroadcast(own[0], 1u), subgroupBroadcast(own[1], 1u),
                   subgroupBroadcast(own[2], 1u), subgroupBroadcast(own[3], 1u));
}

fn block_of_lane_2(own: mat4x4f) -> mat4x4f {
    return mat4x4f(subgroupBroadcast(own[0], 2u), subgroupBroadcast(own[1], 2u),
                   subgroupBroadcast(own[2], 2u), subgroupBroadcast(own[3], 2u));
}

fn block_of_lane_3(own: mat4x4f) -> mat4x4f {
    return mat4x4f(subgroupBroadcast(own[0], 3u), subgroupBroadcast(own[1], 3u),
                   subgroupBroadcast(own[2], 3u), subgroupBroadcast(own[3], 3u));
}

fn block_of_lane_4(own: mat4x4f) -> mat4x4f {
    return mat4x4f(subgroupBroadcast(own[0], 4u), subgroupBroadcast(own[1], 4u),
                   subgroupBroadcast(own[2], 4u), subgroupBroadcast(own[3], 4u));
}

fn block_of_lane_5(own: mat4x4f) -> mat4x4f {
    return mat4x4f(subgroupBroadcast(own[0], 5u), subgroupBroadcast(own[1], 5u),
                   subgroupBroadcast(own[2], 5u), subgroupBroadcast(own[3], 5u));
}

fn block_of_lane_6(own: mat4x4f) -> mat4x4f {
    return mat4x4f(subgroupBroadcast(own[0], 6u), subgroupBroadcast(own[1], 6u),
                   subgroupBroadcast(own[2], 6u), subgroupBroadcast(own[3], 6u));
}

fn block_of_lane_7(own: mat4x4f) -> mat4x4f {
    return mat4x4f(subgroupBroadcast(own[0], 7u), subgroupBroadcast(own[1], 7u),
                   subgroupBroadcast(own[2], 7u), subgroupBroadcast(own[3], 7u));
}
