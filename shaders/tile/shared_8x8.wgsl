// uses tile/shared.wgsl
// A matmul like `shared_4x4`, but each thread keeps four blocks of the product. They are half a tile
// apart in each direction, so that neighboring threads read neighboring blocks.

const THREAD_ROWS = 8u;
const THREAD_COLUMNS = 8u;
const FOURS = 16u;                // groups of four rows, and of four columns, in the tile
const TERMS = 16u;                // terms of a chunk

struct Sums {
    upper_left: mat4x4f,
    upper_right: mat4x4f,
    lower_left: mat4x4f,
    lower_right: mat4x4f,
}

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
    var sums = Sums();
    var half = 0u;
    var k = 0u;
    for (; k + TERMS <= DEPTH; k += TERMS) {
        let next = fetch(tile, errand, k + TERMS);
        sums = add_terms(sums, half, 0u, thread.xy);
        sums = add_terms(sums, half, 4u, thread.xy);
        sums = add_terms(sums, half, 8u, thread.xy);
        sums = add_terms(sums, half, 12u, thread.xy);
        half = 1u - half;
        keep(errand, half, next);
        workgroupBarrier();
    }
    for (; k < DEPTH; k += 4u) {
        sums = add_terms(sums, half, k % TERMS, thread.xy);
    }
    let row = tile.row + 4u * thread.y;
    let column = tile.column + 4u * thread.x;
    store_block(tile, row, column, sums.upper_left);
    store_block(tile, row, column + 4u * COLUMN_THREADS, sums.upper_right);
    store_block(tile, row + 4u * ROW_THREADS, column, sums.lower_left);
    store_block(tile, row + 4u * ROW_THREADS, column + 4u * COLUMN_THREADS, sums.lower_right);
}

fn add_terms(sums: Sums, half: u32, term: u32, thread: vec2u) -> Sums {
    let upper = left_shared(half, term, thread.y);
    let lower = left_shared(half, term, thread.y + ROW_THREADS);
    let left = right_shared(half, term, thread.x);
    let right = right_shared(half, term, thread.x + COLUMN_THREADS);
    return Sums(
        add_product(sums.upper_left, upper, left),
        add_product(sums.upper_right, upper, right),
        add_product(sums.lower_left, lower, left),
        add_product(sums.lower_right, lower, right));
}
