// Where a thread works: the part of the product that it computes begins at (row, column).

struct Place {
    network: u32,
    row: u32,
    column: u32,
    step: u32,       // of this epoch
}

override DEPTH: u32;              // terms of each sum
override ROW_THREADS: u32 = 4u;
override COLUMN_THREADS: u32 = 4u;
override TILE_ROWS: u32 = ROW_THREADS * THREAD_ROWS;
override TILE_COLUMNS: u32 = COLUMN_THREADS * THREAD_COLUMNS;

// The 4 x 4 block of the product of a left block (4 rows) and a right block (4 columns), each
// with a column of the matrix per term. Column r of the result is row r of the product.
fn block_product(left: mat4x4f, right: mat4x4f) -> mat4x4f {
    return right * transpose(left);
}
