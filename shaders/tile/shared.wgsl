// uses tile/place.wgsl
// Loads both factors into workgroup memory, with all 64 threads of a square tile and in chunks of
// TERMS terms. Every thread fetches a 4 x 4 block of each factor. There is room for two chunks: the
// next one is loaded while the present one is multiplied.
// All lengths are constants, and so are all indices except a thread's own, because checking them at
// run time would cost more than the multiplications.

var<workgroup> left_terms: array<array<array<vec4f, FOURS>, TERMS>, 2>;   // four rows of a term
var<workgroup> right_terms: array<array<array<vec4f, FOURS>, TERMS>, 2>;  // four columns of a term

// The blocks that a thread fetches of every chunk: which four of the tile's rows or columns, and the
// first of their four terms in the chunk.
struct Errand {
    rows: vec4u,        // see `left_rows`
    left_four: u32,
    left_term: u32,
    right_four: u32,
    right_term: u32,
}

struct Fetched {
    left: mat4x4f,
    right: mat4x4f,
}

// Neighboring threads fetch what is mostly adjacent in memory: terms of a row, columns of a term.
fn errand_of(tile: Place, thread: u32) -> Errand {
    let four = thread / (TERMS / 4u);
    return Errand(left_rows(tile, tile.row + 4u * four), four, thread % (TERMS / 4u) * 4u,
                  thread % FOURS, thread / FOURS * 4u);
}

fn fetch(tile: Place, errand: Errand, k: u32) -> Fetched {
    return Fetched(
        left_block(tile, errand.rows, tile.row + 4u * errand.left_four, k + errand.left_term),
        right_block(tile, k + errand.right_term, tile.column + 4u * errand.right_four));
}

fn keep(errand: Errand, half: u32, fetched: Fetched) {
    left_terms[half][errand.left_term][errand.left_four] = fetched.left[0];
    left_terms[half][errand.left_term + 1u][errand.left_four] = fetched.left[1];
    left_terms[half][errand.left_term + 2u][errand.left_four] = fetched.left[2];
    left_terms[half][errand.left_term + 3u][errand.left_four] = fetched.left[3];
    right_terms[half][errand.right_term][errand.right_four] = fetched.right[0];
    right_terms[half][errand.right_term + 1u][errand.right_four] = fetched.right[1];
    right_terms[half][errand.right_term + 2u][errand.right_four] = fetched.right[2];
    right_terms[half][errand.right_term + 3u][errand.right_four] = fetched.right[3];
}

fn left_shared(half: u32, term: u32, four: u32) -> mat4x4f {
    return mat4x4f(left_terms[half][term][four], left_terms[half][term + 1u][four],
                   left_terms[half][term + 2u][four], left_terms[half][term + 3u][four]);
}

fn right_shared(half: u32, term: u32, four: u32) -> mat4x4f {
    return mat4x4f(right_terms[half][term][four], right_terms[half][term + 1u][four],
                   right_terms[half][term + 2u][four], right_terms[half][term + 3u][four]);
}
