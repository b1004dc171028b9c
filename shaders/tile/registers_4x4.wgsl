// uses tile/place.wgsl
// A matmul: each thread keeps one 4 x 4 block of the product in registers and reads both factors
// directly from memory. The kernel that follows provides the factors (locate, left_rows, left_block,
// right_block) and stores the product (store_block).

const THREAD_ROWS = 4u;
const THREAD_COLUMNS = 4u;

@compute @workgroup_size(COLUMN_THREADS, ROW_THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) thread: vec3u) {
    let place = locate(group, thread.xy);
    let rows = left_rows(place, place.row);
    var sums = mat4x4f();
    for (var k = 0u; k < DEPTH; k += 4u) {
        sums = add_product(
            sums, left_block(place, rows, place.row, k), right_block(place, k, place.column));
    }
    store_block(place, place.row, place.column, sums);
}
