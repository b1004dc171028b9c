// uses tile/shared.wgsl
// Multiplies two matrices like `shared_4x4`, but each thread keeps two blocks of the product, one
// as many rows below the other as all threads have: so neighbors read neighbors.

const THREAD_ROWS = 8u;
const THREAD_COLUMNS = 4u;

@compute @workgroup_size(COLUMN_THREADS, ROW_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(local_invocation_id) thread: vec3u,
    @builtin(local_invocation_index) index: u32,
) {
    let tile = locate(group, vec2u(0u));
    let errand = errand_of(tile, index);
    var upper_sums = mat4x4f();
    var lower_sums = mat4x4f();
    for (var k = 0u; k < DEPTH; k += TERMS) {
        fetch_terms(tile, errand, k);
        workgroupBarrier();
        for (var term = 0u; term < TERMS && k + term < DEPTH; term += 4u) {
            let upper = left_shared(term, thread.y);
            let lower = left_shared(term, thread.y + ROW_THREADS);
            let right = right_shared(term, thread.x);
            upper_sums = add_product(upper_sums, upper, right);
            lower_sums = add_product(lower_sums, lower, right);
        }
        workgroupBarrier();
    }
    let row = tile.row + 4u * thread.y;
    let column = tile.column + 4u * thread.x;
    store_block(tile, row, column, upper_sums);
    store_block(tile, row + 4u * ROW_THREADS, column, lower_sums);
}
