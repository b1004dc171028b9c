// uses tile/shared.wgsl
// A matmul: the threads load both factors into workgroup memory, and each keeps one 4 x 4 block of
// the product in registers. The kernel that follows provides the factors (locate, left_rows,
// left_block, right_block) and stores the product (store_block).

const THREAD_ROWS = 4u;
const THREAD_COLUMNS = 4u;
const FOURS = 8u;                 // groups of four rows, and of four columns, in the tile
const TERMS = 32u;                // terms of a chunk

@compute @workgroup_size(COLUMN_THREADS, ROW_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(local_invocation_id) thread: vec3u,
    @builtin(local_invocation_index) index: u32,
) {
    let tile = locate(group, vec2u(0u));
    let errand = errand_of(tile, index);
    keep(errand, 0u, fetch(tile, errand, 0u));
    workgroupBarrier();
    var sums = mat4x4f();
    var half = 0u;
    var k = 0u;
    for (; k + TERMS <= DEPTH; k += TERMS) {
        let next = fetch(tile, errand, k + TERMS);
        sums = add_terms(sums, half, 0u, thread.xy);
        sums = add_terms(sums, half, 4u, thread.xy);
        sums = add_terms(sums, half, 8u, thread.xy);
        sums = add_terms(sums, half, 12u, thread.xy);
        sums = add_terms(sums, half, 16u, thread.xy);
        sums = add_terms(sums, half, 20u, thread.xy);
        sums = add_terms(sums, half, 24u, thread.xy);
        sums = add_terms(sums, half, 28u, thread.xy);
        half = 1u - half;
        keep(errand, half, next);
        workgroupBarrier();
    }
    for (; k < DEPTH; k += 4u) {
        sums = add_terms(sums, half, k % TERMS, thread.xy);
    }
    store_block(tile, tile.row + 4u * thread.y, tile.column + 4u * thread.x, sums);
}

fn add_terms(sums: mat4x4f, half: u32, term: u32, thread: vec2u) -> mat4x4f {
    return add_product(
        sums, left_shared(half, term, thread.y), right_shared(half, term, thread.x));
}
