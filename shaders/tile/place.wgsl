// Where a thread works: its part of the product starts at (row, column), and its sums start with
// term `first`.

struct Place {
    network: u32,
    row: u32,
    column: u32,
    step: u32,       // of this epoch
    first: u32,
}

override DEPTH: u32;              // terms of each sum that one workgroup adds
override ROW_THREADS: u32 = 4u;
override COLUMN_THREADS: u32 = 4u;
override TILE_ROWS: u32 = ROW_THREADS * THREAD_ROWS;
override TILE_COLUMNS: u32 = COLUMN_THREADS * THREAD_COLUMNS;

// Adds the next four terms to the sums of a 4 x 4 block of the product. The terms come from a left
// block (4 rows) and a right block (4 columns), each with one matrix column per term. Column r of
// the sums is row r of the product. Every tile adds the terms in this order, and the fused
// multiply-adds leave compilers no choice, so all tiles give the same bits.
fn add_product(sums: mat4x4f, left: mat4x4f, right: mat4x4f) -> mat4x4f {
    let rows = transpose(left);
    return mat4x4f(
        add_row(sums[0], rows[0], right),
        add_row(sums[1], rows[1], right),
        add_row(sums[2], rows[2], right),
        add_row(sums[3], rows[3], right));
}

fn add_row(sums: vec4f, left: vec4f, right: mat4x4f) -> vec4f {
    let first = fma(vec4f(left.x), right[0], sums);
    let second = fma(vec4f(left.y), right[1], first);
    let third = fma(vec4f(left.z), right[2], second);
    return fma(vec4f(left.w), right[3], third);
}
