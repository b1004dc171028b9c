// uses tile/place.wgsl
// A matmul: each thread keeps four 4 x 4 blocks of the product in registers and reads both factors
// directly from memory, half as often per term as with one block. The kernel that follows provides
// the factors (locate, left_rows, left_block, right_block) and stores the product (store_block).

const THREAD_ROWS = 8u;
const THREAD_COLUMNS = 8u;

@compute @workgroup_size(COLUMN_THREADS, ROW_THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) thread: vec3u) {
    let place = locate(group, thread.xy);
    let upper_rows = left_rows(place, place.row);
    let lower_rows = left_rows(place, place.row + 4u);
    var upper_left = mat4x4f();
    var upper_right = mat4x4f();
    var lower_left = mat4x4f();
    var lower_right = mat4x4f();
    for (var k = 0u; k < DEPTH; k += 4u) {
        let upper = left_block(place, upper_rows, place.row, k);
        let lower = left_block(place, lower_rows, place.row + 4u, k);
        let left = right_block(place, k, place.column);
        let right = right_block(place, k, place.column + 4u);
        upper_left = add_product(upper_left, upper, left);
        upper_right = add_product(upper_right, upper, right);
        lower_left = add_product(lower_left, lower, left);
        lower_right = add_product(lower_right, lower, right);
    }
    // One call in a loop compiles in a fraction of the time of several calls.
    for (var part = 0u; part < 4u; part++) {
        var sums = upper_left;
        if (part == 1u) { sums = upper_right; }
        if (part == 2u) { sums = lower_left; }
        if (part == 3u) { sums = lower_right; }
        store_block(place, place.row + part / 2u * 4u, place.column + part % 2u * 4u, sums);
    }
}
