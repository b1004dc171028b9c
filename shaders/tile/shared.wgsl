// uses tile/place.wgsl
// How the threads of a square tile bring both factors into workgroup memory together, a chunk of
// terms at a time. There are twice as many threads as rows, so that half of them fetch a 4 x 4
// block of the left factor each and the others one of the right factor.

const TERMS = 16u;                                    // of a chunk
override FOURS: u32 = TILE_ROWS / 4u;                 // of rows, and of columns
override TERM_FOURS: u32 = TERMS * FOURS;

var<workgroup> left_terms: array<vec4f, TERM_FOURS>;  // (TERMS, rows / 4): four rows of a term
var<workgroup> right_terms: array<vec4f, TERM_FOURS>; // (TERMS, columns / 4)

// The block that a thread fetches of every chunk.
struct Errand {
    is_left: bool,
    rows: vec4u,        // see `left_rows`
    four: u32,          // of the tile's rows or columns
    term: u32,          // the first one within the chunk
}

// Neighbouring threads fetch what mostly lies side by side: terms of a row, columns of a term.
fn errand_of(tile: Place, thread: u32) -> Errand {
    let index = thread % TILE_ROWS;
    if (thread < TILE_ROWS) {
        let four = index / (TERMS / 4u);
        let rows = left_rows(tile, tile.row + 4u * four);
        return Errand(true, rows, four, index % (TERMS / 4u) * 4u);
    }
    return Errand(false, vec4u(0u), index % FOURS, index / FOURS * 4u);
}

fn fetch_terms(tile: Place, errand: Errand, k: u32) {
    let at = errand.term * FOURS + errand.four;
    if (errand.is_left) {
        let block = left_block(
            tile, errand.rows, tile.row + 4u * errand.four, k + errand.term);
        left_terms[at] = block[0];
        left_terms[at + FOURS] = block[1];
        left_terms[at + 2u * FOURS] = block[2];
        left_terms[at + 3u * FOURS] = block[3];
    } else {
        let block = right_block(tile, k + errand.term, tile.column + 4u * errand.four);
        right_terms[at] = block[0];
        right_terms[at + FOURS] = block[1];
        right_terms[at + 2u * FOURS] = block[2];
        right_terms[at + 3u * FOURS] = block[3];
    }
}

fn left_shared(term: u32, four: u32) -> mat4x4f {
    let at = term * FOURS + four;
    return mat4x4f(left_terms[at], left_terms[at + FOURS], left_terms[at + 2u * FOURS],
                   left_terms[at + 3u * FOURS]);
}

fn right_shared(term: u32, four: u32) -> mat4x4f {
    let at = term * FOURS + four;
    return mat4x4f(right_terms[at], right_terms[at + FOURS], right_terms[at + 2u * FOURS],
                   right_terms[at + 3u * FOURS]);
}
