// uses tile/shared.wgsl
// Multiplies two matrices like `shared_8x4`, but each thread keeps four blocks of the product.

const THREAD_ROWS = 8u;
const THREAD_COLUMNS = 8u;

@compute @workgroup_size(COLUMN_THREADS, ROW_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(local_invocation_id) thread: vec3u,
    @builtin(local_invocation_index) index: u32,
) {
    let tile = locate(group, vec2u(0u));
    let errand = errand_of(tile, index);
    var upper_left = mat4x4f();
    var upper_right = mat4x4f();
    var lower_left = mat4x4f();
    var lower_right = mat4x4f();
    for (var k = 0u; k < DEPTH; k += TERMS) {
        fetch_terms(tile, errand, k);
        workgroupBarrier();
        for (var term = 0u; term < TERMS && k + term < DEPTH; term += 4u) {
            let upper = left_shared(term, thread.y);
            let lower = left_shared(term, thread.y + ROW_THREADS);
            let left = right_shared(term, thread.x);
            let right = right_shared(term, thread.x + COLUMN_THREADS);
            upper_left = add_product(upper_left, upper, left);
            upper_right = add_product(upper_right, upper, right);
            lower_left = add_product(lower_left, lower, left);
            lower_right = add_product(lower_right, lower, right);
        }
        workgroupBarrier();
    }
    let row = tile.row + 4u * thread.y;
    let column = tile.column + 4u * thread.x;
    store_block(tile, row, column, upper_left);
    store_block(tile, row, column + 4u * COLUMN_THREADS, upper_right);
    store_block(tile, row + 4u * ROW_THREADS, column, lower_left);
    store_block(tile, row + 4u * ROW_THREADS, column + 4u * COLUMN_THREADS, lower_right);
}
