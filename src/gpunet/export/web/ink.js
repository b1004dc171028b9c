// Finds the digits in a photograph, a scan or a drawing: ink is separated from paper, everything that
// is not a figure (rules, a box, dust) is left out, and the remaining figures are cropped.
// The twin of datasets/ink.py, which explains it.

import { float32, medianOf, roundEven, withinSide } from "./images.js";
import { contrastOf } from "./paper.js";
import { maskOf, findPieces, groupsOf, runsOf, withShortColumns, withShortRows } from "./pieces.js";

/** @typedef {import("./images.js").Grey} Grey */
/** @typedef {import("./paper.js").Contrast} Contrast */
/** @typedef {import("./pieces.js").Mask} Mask */
/** @typedef {import("./pieces.js").Piece} Piece */

/** Left, top, right and bottom in pixels of the whole image, the last two one beyond. @typedef {[number, number, number, number]} Box */

/** A connected drawing: its ink from 0, the paper, to 255, cropped, and where it was. @typedef {{ink: Grey, box: Box}} Figure */

const LARGEST_SIDE = 1024; // pixels beyond which an image is made smaller first
const FAINTEST_INK = 0.08; // part of the full contrast; below, a pixel is paper, or ringing
export const BLURRED_EDGE = 0.2; // part of the full contrast; below, a pixel at a digit's edge is blur
const MOST_PIECES = 256; // the largest pieces that are looked at; figures have a few each

/**
 * The figures of an image, from left to right; none if it is blank.
 * @param {Grey} grey
 * @returns {Figure[]}
 */
export function findDigits(grey) {
  const image = withinSide(grey, LARGEST_SIDE);
  const found = contrastOf(image);
  if (found === null) return [];
  const threshold = float32(thresholdOf(found));
  const { levels } = found.contrast;
  const set = new Uint8Array(levels.length);
  for (let at = 0; at < set.length; at++) if (levels[at] > threshold) set[at] = 1;
  const pieces = findPieces(withoutRules({ set, width: image.width, height: image.height }));
  const scales = [grey.width / image.width, grey.height / image.height];
  return figuresOf(pieces.all, found.isEven, image).map((members) => (
    croppedFigure(found, maskOf(pieces, (piece) => members.includes(piece)), members, scales)));
}

/** The smallest contrast of ink, by Otsu's criterion. @param {Contrast} found */
function thresholdOf({ contrast: { levels }, strongest, floor: noise }) {
  const bins = 128;
  const floor = Math.max(noise, FAINTEST_INK * strongest);
  const edges = Float32Array.from({ length: bins + 1 }, (_, bin) => bin * ((strongest - floor) / bins) + floor);
  edges[bins] = strongest;
  const counts = new Float64Array(bins);
  const [low, span] = [float32(floor), strongest - floor];
  let full = 0; // as most of a drawing is
  for (let at = 0; at < levels.length; at++) {
    const level = levels[at];
    if (level <= low) continue;
    if (level === strongest) {
      full++;
      continue;
    }
    let bin = Math.min(bins - 1, Math.trunc((float32(level - low) / span) * bins));
    if (level < edges[bin]) bin--;
    if (level >= edges[bin + 1] && bin < bins - 1) bin++;
    counts[bin]++;
  }
  counts[bins - 1] += full;
  // However little ink there is, the paper weighs as much as all that stands out from it.
  const total = counts.reduce((sum, count) => sum + count, 0);
  const middle = (/** @type {number} */ bin) => float32(float32(edges[bin] + edges[bin + 1]) / 2);
  const moments = counts.reduce((sum, count, bin) => sum + count * middle(bin), 0);
  let [below, moment, best, greatest] = [0, 0, 0, -1];
  for (let bin = 0; bin < bins; bin++) {
    below += bin ? counts[bin - 1] : total;
    moment += bin ? counts[bin - 1] * middle(bin - 1) : 0;
    const above = Math.max(2 * total - below, 1);
    const between = (moments * below - moment * 2 * total) ** 2 / (Math.max(below, 1) * above);
    if (between > greatest) [best, greatest] = [bin, between];
  }
  return Math.max(floor, edges[best]);
}

/** The ink without thin straight lines across the image, which strokes of digits keep. @param {Mask} mask @returns {Mask} */
function withoutRules(mask) {
  const { width, height } = mask;
  const left = mask.set.slice();
  const thickest = Math.max(2, roundEven(Math.max(width, height) / 60));
  /** @param {Mask} thin @param {number} across @param {(piece: Piece) => [number, number]} ends where a piece begins and ends across the image */
  const remove = (thin, across, ends) => {
    const pieces = findPieces(thin);
    const isRule = (/** @type {Piece} */ piece) => {
      const [first, end] = ends(piece);
      const long = end - first;
      const atBorder = first <= 0.01 * across || end >= across - 0.01 * across;
      return (long >= 0.8 * across || (atBorder && long >= 0.1 * across)) && piece.area <= thickest * long && long > 5 * thickest;
    };
    if (pieces.all.some(isRule)) maskOf(pieces, isRule).set.forEach((gone, at) => { if (gone) left[at] = 0; });
  };
  remove(withShortColumns(mask, thickest), width, ({ left: first, right }) => [first, right]);
  remove(withShortRows(mask, thickest), height, ({ top, bottom }) => [top, bottom]);
  return { set: left.includes(1) ? left : mask.set, width, height };
}

/**
 * The pieces of each figure, from left to right.
 * @param {Piece[]} pieces
 * @param {boolean} isEven
 * @param {{width: number, height: number}} image
 * @returns {Piece[][]}
 */
function figuresOf(pieces, isEven, image) {
  const largestFirst = plausibleStrokes(pieces, isEven, image).sort((one, other) => other.area - one.area);
  const strokes = largestFirst.slice(0, MOST_PIECES);
  /** @type {Piece[][]} */
  const groups = [];
  figureNumbers(strokes).forEach((group, index) => (groups[group] ??= []).push(strokes[index]));
  const figures = groups.map((own) => {
    const { left, width, height } = boundsOf(own);
    return { left, size: Math.max(width, height), own };
  });
  const largest = Math.max(0, ...figures.map((figure) => figure.size));
  const large = figures.filter((figure) => figure.size > 0.35 * largest);
  return large.sort((one, other) => one.left - other.left).map((figure) => figure.own);
}

/** The greatest of what pieces are measured by; 0 if there are none. @param {Piece[]} pieces @param {(piece: Piece) => number} measure */
function greatestOf(pieces, measure) {
  return pieces.reduce((greatest, piece) => Math.max(greatest, measure(piece)), 0);
}

/** The width of a stroke, roughly. @param {Piece} piece */
function strokeWidth(piece) {
  return piece.area / piece.extent;
}

/**
 * The pieces that may be strokes of digits.
 * @param {Piece[]} pieces
 * @param {boolean} isEven
 * @param {{width: number, height: number}} image
 */
function plausibleStrokes(pieces, isEven, image) {
  const touches = (/** @type {Piece} */ piece) => piece.contact > 0;
  const runsAlong = (/** @type {Piece} */ piece) => piece.contact > 0.25 * piece.extent;
  const touching = pieces.filter(touches);
  const free = pieces.filter((piece) => !touches(piece));
  let kept = pieces;
  if (touching.length && free.length) {
    const inner = free.reduce((largest, piece) => (piece.area > largest.area ? piece : largest));
    const isHair = (/** @type {Piece} */ piece) => touches(piece) && strokeWidth(piece) < 0.3 * strokeWidth(inner);
    const isSmall = 0.25 * greatestOf(touching, (piece) => piece.extent) > inner.extent;
    kept = kept.filter((piece) => !(isHair(piece) || (!isSmall && touches(piece) && runsAlong(piece))));
  }
  if (!isEven) kept = kept.filter((piece) => !runsAlong(piece));
  const least = 0.01 * greatestOf(kept, (piece) => piece.area);
  const solid = kept.filter((piece) => piece.area >= least);
  const widest = greatestOf(solid, strokeWidth);
  const strokes = solid.filter((piece) => !(touches(piece) && strokeWidth(piece) < 0.3 * widest));
  return strokes.filter((piece) => !isBox(piece, strokes, image));
}

/** Whether a piece is a thin box around others that are large enough for a digit. @param {Piece} box @param {Piece[]} pieces @param {{width: number, height: number}} image */
function isBox(box, pieces, image) {
  const isThin = box.area < 0.12 * (box.width * box.height) && box.extent > 0.5 * Math.max(image.width, image.height);
  if (!isThin) return false;
  const inside = pieces.filter((piece) => (
    piece.left > box.left && piece.right < box.right && piece.top > box.top && piece.bottom < box.bottom));
  return greatestOf(inside, (piece) => piece.height) > 0.25 * box.height;
}

/** The figure of each of these pieces, from 0. @param {Piece[]} pieces */
function figureNumbers(pieces) {
  /** @type {[number, number][]} */
  const pairs = [];
  pieces.forEach((one, first) => {
    for (let second = first + 1; second < pieces.length; second++) {
      if (areOneFigure(one, pieces[second])) pairs.push([first, second]);
    }
  });
  return groupsOf(pieces.length, pairs);
}

/**
 * Whether pieces lie above each other with a small gap, as the top stroke of a five, or one is a
 * fragment close to another that is much taller.
 * @param {Piece} one
 * @param {Piece} other
 */
function areOneFigure(one, other) {
  const aside = Math.max(one.left, other.left) - Math.min(one.right, other.right);
  const apart = Math.max(one.top, other.top) - Math.min(one.bottom, other.bottom);
  const taller = Math.max(one.height, other.height);
  const isAbove = -aside >= 0.3 * Math.min(one.width, other.width) && apart <= 0.3 * Math.min(one.extent, other.extent);
  return isAbove || (Math.min(one.height, other.height) < 0.5 * taller && Math.max(aside, apart) <= 0.12 * taller);
}

/**
 * The crop of a figure, with its soft edges.
 * @param {Contrast} found
 * @param {Mask} own where its ink is
 * @param {Piece[]} members
 * @param {number[]} scales pixels of the whole image to one of this, across and down
 * @returns {Figure}
 */
function croppedFigure(found, own, members, [across, down]) {
  const bounds = boundsOf(members);
  const reach = Math.max(1, roundEven(Math.max(bounds.width - 1, bounds.height - 1) / 20)); // a pixel of MNIST's box
  const [left, top] = [Math.max(0, bounds.left - reach), Math.max(0, bounds.top - reach)];
  const width = Math.min(own.width, bounds.right + reach) - left;
  const height = Math.min(own.height, bounds.bottom + reach) - top;
  const levels = partOf(found.contrast.levels, own.width, left, top, width, height);
  const set = partOf(own.set, own.width, left, top, width, height);
  const strongest = found.isEven ? strongestOf(levels, set) : medianOf(levels.filter((_, at) => set[at]));
  const near = spreadMask(set, width, height, reach);
  const amounts = amountsOf(levels, near, strongest, Math.max(FAINTEST_INK * strongest, found.floor));
  const [west, north, east, south] = clearBox(amounts, width);
  const ink = partOf(amounts, width, west, north, east - west, south - north);
  const grey = new Uint8Array(ink.length);
  for (let at = 0; at < grey.length; at++) if (ink[at] > 0) grey[at] = ink[at] < 1 ? roundEven(float32(ink[at] * 255)) : 255;
  return {
    ink: { grey, width: east - west, height: south - north },
    box: [Math.trunc(across * (left + west)), Math.trunc(down * (top + north)), Math.ceil(across * (left + east)), Math.ceil(down * (top + south))],
  };
}

/** How much ink there is, from 0 to 1, near a figure. @param {Float32Array} levels @param {Uint8Array} near @param {number} strongest @param {number} least */
function amountsOf(levels, near, strongest, least) {
  const floor = float32(least);
  const amounts = new Float32Array(levels.length);
  for (let at = 0; at < levels.length; at++) {
    if (near[at] && levels[at] > floor) amounts[at] = levels[at] < strongest ? levels[at] / strongest : 1;
  }
  return amounts;
}

/** The rectangle around what is clearly ink. @param {Float32Array} amounts @param {number} width @returns {Box} */
function clearBox(amounts, width) {
  const edge = float32(BLURRED_EDGE);
  let [west, north, east, south] = [width, -1, 0, 0];
  for (let start = 0, row = 0; start < amounts.length; start += width, row++) {
    let first = 0;
    while (first < width && amounts[start + first] <= edge) first++;
    if (first === width) continue;
    let last = width - 1;
    while (amounts[start + last] <= edge) last--;
    if (first < west) west = first;
    if (last >= east) east = last + 1;
    if (north < 0) north = row;
    south = row + 1;
  }
  return [west, north, east, south];
}

/** The greatest level where a mask is set. @param {Float32Array} levels @param {Uint8Array} set */
function strongestOf(levels, set) {
  let strongest = 0;
  for (let at = 0; at < set.length; at++) if (set[at] && levels[at] > strongest) strongest = levels[at];
  return strongest;
}

/** The rectangle around pieces. @param {Piece[]} pieces */
function boundsOf(pieces) {
  const left = Math.min(...pieces.map((piece) => piece.left));
  const top = Math.min(...pieces.map((piece) => piece.top));
  const right = Math.max(...pieces.map((piece) => piece.right));
  const bottom = Math.max(...pieces.map((piece) => piece.bottom));
  return { left, top, right, bottom, width: right - left, height: bottom - top };
}

/** A rectangle of an image. @template {Uint8Array|Float32Array} Pixels @param {Pixels} pixels @param {number} wide of the image @param {number} left @param {number} top @param {number} width @param {number} height @returns {Pixels} */
function partOf(pixels, wide, left, top, width, height) {
  const part = pixels.slice(0, width * height);
  for (let row = 0; row < height; row++) {
    const from = (top + row) * wide + left;
    part.set(pixels.subarray(from, from + width), row * width);
  }
  return /** @type {Pixels} */ (part);
}

/** The mask dilated by this many pixels in rows and columns. @param {Uint8Array} set @param {number} width @param {number} height @param {number} reach */
function spreadMask(set, width, height, reach) {
  const wide = new Uint8Array(set.length);
  const near = new Uint8Array(set.length);
  const until = new Int32Array(width).fill(-1); // the last row that what is above reaches, column by column
  const runs = runsOf({ set, width, height });
  for (let run = 0; run < runs.length; run += 3) {
    const start = runs[run] * width;
    wide.fill(1, start + Math.max(0, runs[run + 1] - reach), start + Math.min(width, runs[run + 2] + reach));
  }
  for (let row = 0, ahead = 0; row < height; row++) {
    for (const least = Math.min(height, row + reach + 1); ahead < least; ahead++) {
      for (let column = 0, at = ahead * width; column < width; column++, at++) if (wide[at]) until[column] = ahead + reach;
    }
    for (let column = 0, at = row * width; column < width; column++, at++) if (until[column] >= row) near[at] = 1;
  }
  return near;
}
