// uses tile/shared.wgsl
// Multiplies two matrices: the threads bring both factors into workgroup memory, and each keeps
// one 4 x 4 block of the product in registers. The kernel that is joined to it says which factors
// (locate, left_rows, left_block, right_block) and what becomes of the product (store_block).

const THREAD_ROWS = 4u;
const THREAD_COLUMNS = 4u;

@compute @workgroup_size(COLUMN_THREADS, ROW_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(local_invocation_id) thread: vec3u,
    @builtin(local_invocation_index) index: u32,
) {
    let tile = locate(group, vec2u(0u));
    let errand = errand_of(tile, index);
    var sums = mat4x4f();
    for (var k = 0u; k < DEPTH; k += TERMS) {
        fetch_terms(tile, errand, k);
        workgroupBarrier();
        for (var term = 0u; term < TERMS && k + term < DEPTH; term += 4u) {
            sums = add_product(
                sums, left_shared(term, thread.y), right_shared(term, thread.x));
        }
        workgroupBarrier();
    }
    store_block(tile, tile.row + 4u * thread.y, tile.column + 4u * thread.x, sums);
}
