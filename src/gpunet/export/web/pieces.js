// Connected pieces of a mask: neighboring pixels of a row are a run; runs of neighboring rows that
// touch, corners included, are one piece.

/** A mask, row by row: 1 where it is set. @typedef {{set: Uint8Array, width: number, height: number}} Mask */

/**
 * A connected piece; right and bottom lie one pixel beyond.
 * @typedef {object} Piece
 * @property {number} area in pixels
 * @property {number} left
 * @property {number} top
 * @property {number} right
 * @property {number} bottom
 * @property {number} contact pixels on the mask's border
 * @property {number} width
 * @property {number} height
 * @property {number} extent the longer of both
 */

/**
 * @typedef {object} Pieces
 * @property {number} width of the mask
 * @property {number} height
 * @property {Piece[]} all in the order of their first pixels
 * @property {number[]} runs row, first column and the column behind the last one, run by run
 * @property {Int32Array} ofRun the piece of each run
 */

/**
 * A number from 0 for each of so many things, the same where pairs connect them.
 * @param {number} count
 * @param {Iterable<[number, number]>} pairs
 */
export function groupsOf(count, pairs) {
  const root = Int32Array.from({ length: count }, (_, thing) => thing);
  /** @param {number} thing */
  const rootOf = (thing) => {
    while (root[thing] !== thing) thing = root[thing] = root[root[thing]];
    return thing;
  };
  for (const [one, other] of pairs) {
    const [first, second] = [rootOf(one), rootOf(other)];
    root[Math.max(first, second)] = Math.min(first, second);
  }
  let groups = 0;
  const group = new Int32Array(count);
  for (let thing = 0; thing < count; thing++) group[thing] = root[thing] === thing ? groups++ : group[rootOf(thing)];
  return group;
}

/** Row, first column and the column behind the last one of each run. @param {Mask} mask */
export function runsOf({ set, width }) {
  const runs = [];
  for (let at = set.indexOf(1); at >= 0; at = set.indexOf(1, at)) {
    const row = Math.floor(at / width);
    const start = row * width;
    const first = at - start;
    const gap = set.indexOf(0, at);
    const end = gap < 0 ? start + width : Math.min(start + width, gap);
    runs.push(row, first, end - start);
    at = end;
  }
  return runs;
}

/** The pairs of runs that touch. @param {number[]} runs @returns {Iterable<[number, number]>} */
function* touchingRuns(runs) {
  let upper = 0;
  for (let lower = 0; lower < runs.length; lower += 3) {
    const above = runs[lower] - 1;
    while (runs[upper] < above || (runs[upper] === above && runs[upper + 2] < runs[lower + 1])) upper += 3;
    for (let near = upper; runs[near] === above && runs[near + 1] <= runs[lower + 2]; near += 3) yield [near / 3, lower / 3];
  }
}

/** @param {Mask} mask @returns {Pieces} */
export function findPieces(mask) {
  const { width, height } = mask;
  const runs = runsOf(mask);
  const ofRun = groupsOf(runs.length / 3, touchingRuns(runs));
  /** @type {Piece[]} */
  const all = [];
  ofRun.forEach((number, run) => {
    const [row, first, end] = [runs[3 * run], runs[3 * run + 1], runs[3 * run + 2]];
    const piece = (all[number] ??= { area: 0, left: first, top: row, right: end, bottom: row, contact: 0, width: 0, height: 0, extent: 0 });
    piece.area += end - first;
    piece.left = Math.min(piece.left, first);
    piece.right = Math.max(piece.right, end);
    piece.bottom = row + 1;
    piece.contact += row === 0 || row === height - 1 ? end - first : Number(first === 0) + Number(end === width);
  });
  for (const piece of all) {
    piece.width = piece.right - piece.left;
    piece.height = piece.bottom - piece.top;
    piece.extent = Math.max(piece.width, piece.height);
  }
  return { width, height, all, runs, ofRun };
}

/** The mask of those pieces that are chosen. @param {Pieces} pieces @param {(piece: Piece, number: number) => boolean} chosen @returns {Mask} */
export function maskOf({ width, height, all, runs, ofRun }, chosen) {
  const set = new Uint8Array(width * height);
  const taken = all.map(chosen);
  ofRun.forEach((number, run) => {
    const start = runs[3 * run] * width;
    if (taken[number]) set.fill(1, start + runs[3 * run + 1], start + runs[3 * run + 2]);
  });
  return { set, width, height };
}

/** The mask's pixels whose run in the row has at most so many. @param {Mask} mask @param {number} longest @returns {Mask} */
export function withShortRows(mask, longest) {
  const { set, width, height } = mask;
  const thin = new Uint8Array(set.length);
  const runs = runsOf(mask);
  for (let run = 0; run < runs.length; run += 3) {
    const [start, first, end] = [runs[run] * width, runs[run + 1], runs[run + 2]];
    if (end - first <= longest) thin.fill(1, start + first, start + end);
  }
  return { set: thin, width, height };
}

/** The mask's pixels whose run in the column has at most so many. @param {Mask} mask @param {number} longest @returns {Mask} */
export function withShortColumns({ set, width, height }, longest) {
  const thin = new Uint8Array(set.length);
  const length = new Int32Array(width); // of the run in each column that has reached this row
  for (let row = 0, at = 0; row <= height; row++) {
    for (let column = 0; column < width; column++, at++) {
      if (row < height && set[at]) {
        length[column]++;
      } else if (length[column]) {
        const run = length[column] <= longest ? length[column] : 0;
        for (let up = 1; up <= run; up++) thin[at - up * width] = 1;
        length[column] = 0;
      }
    }
  }
  return { set: thin, width, height };
}
