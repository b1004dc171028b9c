// Broadcasts a block from one of a subgroup's eight lanes to all of them. WGSL requires the lane to
// be a constant, so there is a function for each lane.

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
