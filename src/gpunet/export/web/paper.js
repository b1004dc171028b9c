// How far each pixel of a photograph, a scan or a drawing is from its paper, towards the ink.
// The twin of datasets/ink.py, which explains it.

import { BILINEAR_KERNEL, BOX_KERNEL, asGrey, asLevels, extremesOf, float32, gaussianBlurred, levelsAt, medianOf, ranked, rankFiltered, roundEven } from "./images.js";
import { maskOf, findPieces } from "./pieces.js";

/** @typedef {import("./images.js").Grey} Grey */
/** @typedef {import("./images.js").Levels} Levels */
/** @typedef {import("./pieces.js").Mask} Mask */

/**
 * @typedef {object} Contrast
 * @property {Levels} contrast how far each pixel is from the paper, in gray levels
 * @property {number} strongest
 * @property {number} floor a contrast that the noise of the paper does not reach
 * @property {boolean} isEven whether the paper has one level everywhere
 */

export const FAINTEST_CONTRAST = 16; // gray levels from the paper to the ink; below, an image is blank
const COARSE_SIDE = 64; // pixels of the longer side of the image that the paper is looked at in
const SHEET_SIDE = 128; // and of that which a sheet on a desk is looked for in
const INK_IN_NOISE = 4; // deviations of the noise; a pixel of less contrast is paper
const SURELY_INK = 8; // deviations of the noise that the strongest contrast has where there is ink

/**
 * How far the image's pixels are from its paper; null where no ink stands out.
 * @param {Grey} image
 * @returns {Contrast|null}
 */
export function contrastOf(image) {
  let grey = onSheetAlone(asLevels(image));
  let noise = noiseOf(grey);
  let extremes = extremesOf(grey.levels);
  const span = extremes.greatest - extremes.least;
  if (noise > 0.01 * span) {
    const radius = Math.min((12 * noise) / span, Math.max(grey.width, grey.height) / 120);
    grey = asLevels(gaussianBlurred(asGrey(grey), radius));
    noise /= Math.max(1, 3.5 * radius);
    extremes = extremesOf(grey.levels);
  }
  const coarse = coarsened(grey, COARSE_SIDE);
  const even = evenPaper(coarse, grey, extremes);
  return even ? evenContrast(grey, even, noise) : unevenContrast(grey, coarse, noise);
}

/** @param {Levels} grey @param {{level: number, ink: number}} paper its level, and that of the ink @param {number} noise @returns {Contrast|null} */
function evenContrast(grey, { level, ink }, noise) {
  const strongest = float32(Math.abs(ink - level));
  if (!standsOut(strongest, noise)) return null;
  const levels = new Float32Array(grey.levels.length);
  const sign = ink < level ? -1 : 1;
  for (let at = 0; at < levels.length; at++) {
    const away = sign * (grey.levels[at] - level);
    if (away > 0) levels[at] = away;
  }
  return { contrast: { ...grey, levels }, strongest, floor: INK_IN_NOISE * noise, isEven: true };
}

/** @param {Levels} grey @param {Levels} coarse @param {number} noise @returns {Contrast|null} */
function unevenContrast(grey, coarse, noise) {
  const local = localPaper(coarse);
  const dark = isDark(coarse, local);
  // Along the edge of a shadow a pixel counts as paper if either side of the edge may be.
  const paper = levelsAt(asLevels(rankFiltered(asGrey(local), 3, dark ? 0 : 8)), grey.width, grey.height, BILINEAR_KERNEL).levels;
  const levels = grey.levels.map((value, at) => Math.max(0, dark ? paper[at] - value : value - paper[at]));
  if (!standsOut(extremesOf(levels).greatest, noise)) return null;
  const brightest = extremesOf(paper).greatest; // shadows take their share of both paper and ink
  const floor = INK_IN_NOISE * noise;
  const shares = levels.map((value, at) => (value > float32(floor) ? value * float32(brightest / Math.max(32, paper[at])) : 0));
  return { contrast: { ...grey, levels: shares }, strongest: extremesOf(shares).greatest, floor, isEven: false };
}

/** Whether there is ink, by the strongest contrast. @param {number} strongest @param {number} noise */
function standsOut(strongest, noise) {
  return strongest >= float32(Math.max(FAINTEST_CONTRAST, SURELY_INK * noise));
}

/** The deviation of independent noise; 0 for drawings. @param {Levels} grey */
function noiseOf({ levels, width, height }) {
  if (Math.min(width, height) < 16) return 0;
  const second = new Float32Array((width - 2) * height);
  let count = 0; // of those that are not 0; where they are few, as while somebody draws, the median is 0
  for (let row = 0, at = 0; row < height; row++, at += 2) {
    let [left, middle] = [levels[at], levels[at + 1]];
    for (let end = at + width - 2; at < end; at++) {
      const right = levels[at + 2];
      const value = left === middle && middle === right ? 0 : float32(float32(left - 2 * middle) + right);
      if (value !== 0) second[count++] = Math.abs(value);
      left = middle;
      middle = right;
    }
  }
  if (2 * count < second.length - 1) return 0;
  return (1.4826 / Math.sqrt(6)) * medianOf(second);
}

/** Whether the pixels farthest from the paper's level are darker than it. @param {Levels} grey @param {Levels} paper */
function isDark(grey, paper) {
  const { least, greatest } = extremesOf(grey.levels.map((value, at) => value - paper.levels[at]));
  return -least > greatest;
}

/**
 * The first and the last row, and of the first and the last column what they do not hold already.
 * @param {Levels} image
 * @param {0|1} corner 0 if the columns are to hold the corners, too
 */
function borderOf({ levels, width, height }, corner) {
  const border = [...levels.subarray(0, width), ...levels.subarray(levels.length - width)];
  for (let row = corner; row < height - corner; row++) border.push(levels[row * width], levels[(row + 1) * width - 1]);
  return border;
}

/** The level of paper that has but one, and of its ink; null if more than edges lies between it and the ink. @param {Levels} coarse @param {Levels} grey @param {{least: number, greatest: number}} extremes of grey */
function evenPaper(coarse, grey, { least, greatest }) {
  const level = medianOf(borderOf(grey, 1));
  const ink = float32(level - least) > float32(greatest - level) ? least : greatest;
  if (ink === level) return { level, ink };
  const { width, height } = coarse;
  const part = coarse.levels.map((value) => float32(value - level) / float32(ink - level));
  let between = 0;
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const here = part[at];
      if (!(float32(Math.abs(float32(here - float32(0.41)))) < float32(0.29) || here < float32(-0.12))) continue;
      const slope = Math.max(
        column > 0 ? Math.abs(float32(part[at - 1] - here)) : 0,
        column < width - 1 ? Math.abs(float32(part[at + 1] - here)) : 0,
        row > 0 ? Math.abs(float32(part[at - width] - here)) : 0,
        row < height - 1 ? Math.abs(float32(part[at + width] - here)) : 0,
      );
      if (slope < float32(0.15)) between++;
    }
  }
  return between / part.length < 0.02 ? { level, ink } : null;
}

/** The paper at every place of a coarse image, also under the ink. @param {Levels} coarse @returns {Levels} */
function localPaper(coarse) {
  const { width, height } = coarse;
  let paper = coarseMedian(coarse);
  for (let round = 0; round < 2; round++) {
    const sign = isDark(coarse, paper) ? -1 : 1;
    const away = coarse.levels.map((value, at) => sign * (value - paper.levels[at]));
    const least = float32(Math.max(0.15 * extremesOf(away).greatest, FAINTEST_CONTRAST / 2));
    const ink = rankFiltered({ grey: Uint8Array.from(away, (value) => Number(value > least)), width, height }, 5, 24);
    paper = filledIn(coarse, ink.grey.map((near) => 1 - near));
  }
  return paper;
}

/** The median of a large field around each pixel, which most strokes hardly move. @param {Levels} coarse @returns {Levels} */
function coarseMedian({ levels, width, height }) {
  const [wide, high] = [(width + 1) >> 1, (height + 1) >> 1]; // every second row and column
  const reach = Math.min(roundEven(0.3 * Math.max(wide, high)), Math.min(wide, high) - 1);
  /** What lies beyond the edge goes on as if turned around the pixel at the edge. @param {number} x @param {number} y @returns {number} */
  const at = (x, y) => {
    if (x < 0 || x >= wide) return beyond(at(x < 0 ? 0 : wide - 1, y), at(x < 0 ? -x : 2 * wide - 2 - x, y));
    if (y < 0 || y >= high) return beyond(at(x, y < 0 ? 0 : high - 1), at(x, y < 0 ? -y : 2 * high - 2 - y));
    return levels[2 * y * width + 2 * x];
  };
  /** @param {number} edge @param {number} inside */
  const beyond = (edge, inside) => float32(float32(2 * edge) - inside);
  const [padWide, padHigh] = [wide + 2 * reach, high + 2 * reach];
  const padded = { grey: new Uint8Array(padWide * padHigh), width: padWide, height: padHigh };
  padded.grey.forEach((_, place) => {
    const value = at((place % padWide) - reach, Math.floor(place / padWide) - reach);
    padded.grey[place] = roundEven(Math.min(255, Math.max(0, value)));
  });
  const side = 2 * reach + 1;
  const median = rankFiltered(padded, side, (side * side) >> 1).grey;
  const inner = Float32Array.from({ length: wide * high }, (_, place) => (
    median[(Math.floor(place / wide) + reach) * padWide + (place % wide) + reach]));
  return levelsAt({ levels: inner, width: wide, height: high }, width, height, BILINEAR_KERNEL);
}

/** The levels, with unknown ones smoothly filled in from around. @param {Levels} image @param {Uint8Array} known @returns {Levels} */
function filledIn({ levels, width, height }, known) {
  if (known.every(Boolean) || !known.some(Boolean)) return { levels, width, height };
  const [wide, high] = [(width + 1) >> 1, (height + 1) >> 1];
  const mean = new Float32Array(wide * high);
  const some = new Uint8Array(wide * high);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const sums = [0, 0];
      let count = 0;
      for (let row = 2 * y; row < Math.min(height, 2 * y + 2); row++) {
        for (let column = 2 * x; column < Math.min(width, 2 * x + 2); column++) {
          const at = row * width + column;
          if (known[at]) sums[row & 1] = float32(sums[row & 1] + levels[at]);
          count += known[at];
        }
      }
      mean[y * wide + x] = float32(sums[0] + sums[1]) / Math.max(1, count);
      some[y * wide + x] = Number(count > 0);
    }
  }
  const finer = levelsAt(filledIn({ levels: mean, width: wide, height: high }, some), 2 * wide, 2 * high, BILINEAR_KERNEL);
  const filled = levels.map((level, at) => (
    known[at] ? level : finer.levels[Math.floor(at / width) * finer.width + (at % width)]));
  return { levels: filled, width, height };
}

/** The image with everything around a bright sheet replaced by paper. @param {Levels} grey @returns {Levels} */
function onSheetAlone(grey) {
  const coarse = coarsened(grey, SHEET_SIDE);
  const { levels, width, height } = coarse;
  const border = medianOf(borderOf(coarse, 0));
  const brightest = brightPercentile(levels);
  if (brightest <= border) return grey; // a sheet takes more than what is brighter then
  const bright = float32(float32(border + brightest) / 2);
  const pieces = findPieces({ set: Uint8Array.from(levels, (level) => Number(level > bright)), width, height });
  const area = Math.max(0, ...pieces.all.map((piece) => (isWhole(piece, levels.length) ? piece.area : 0)));
  if (area === 0) return grey;
  const largest = pieces.all.findIndex((piece) => isWhole(piece, levels.length) && piece.area === area);
  const sheet = maskOf(pieces, (_, number) => number === largest);
  const rest = findPieces({ set: sheet.set.map((set) => 1 - set), width, height });
  const silhouette = maskOf(rest, (piece) => piece.contact > 0).set.map((outside) => 1 - outside);
  const inside = rankFiltered({ grey: silhouette, width, height }, 5, 0).grey;
  const paper = levels.filter((_, at) => inside[at]);
  const written = paper.length > 0 && float32(medianOf(paper) - extremesOf(paper).least) > FAINTEST_CONTRAST;
  if (!written || !isRectangle({ set: silhouette, width, height })) return grey;
  const around = levelsAt(filledIn(coarse, inside), grey.width, grey.height, BILINEAR_KERNEL).levels;
  const within = levelsAt({ levels: Float32Array.from(inside), width, height }, grey.width, grey.height, BILINEAR_KERNEL).levels;
  return { ...grey, levels: grey.levels.map((level, at) => (within[at] > 0.5 ? level : around[at])) };
}

/** Whether a bright piece may be a sheet: off the border, and large. @param {import("./pieces.js").Piece} piece @param {number} pixels of the image */
function isWhole(piece, pixels) {
  return piece.contact === 0 && piece.area >= 0.15 * pixels;
}

/** The 95th percentile of the levels. @param {Float32Array} levels */
function brightPercentile(levels) {
  const values = levels.slice();
  const place = (values.length - 1) * 0.95;
  const below = Math.floor(place);
  const part = float32(place - below);
  const low = ranked(values, below);
  const high = below + 1 < values.length ? extremesOf(values.subarray(below + 1)).least : low;
  const apart = float32(high - low);
  return float32(part < 0.5 ? low + float32(apart * part) : high - float32(apart * float32(1 - part)));
}

/** Whether the mask fills its smallest enclosing rectangle, at any angle. @param {Mask} mask */
function isRectangle({ set, width }) {
  /** @type {[number, number][]} */
  const points = [];
  set.forEach((inside, at) => { if (inside) points.push([at % width, Math.floor(at / width)]); });
  let smallest = Infinity;
  for (let degrees = 0; degrees < 90; degrees += 3) {
    const [cosine, sine] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    const along = extremesOf(points.map(([column, row]) => column * cosine + row * sine));
    const across = extremesOf(points.map(([column, row]) => row * cosine - column * sine));
    smallest = Math.min(smallest, (along.greatest - along.least + 1) * (across.greatest - across.least + 1));
  }
  return points.length >= 0.85 * smallest;
}

/** The image, shrunk so that its longer side has at most this many pixels. @param {Levels} grey @param {number} side @returns {Levels} */
function coarsened(grey, side) {
  const scale = Math.max(1, Math.max(grey.width, grey.height) / side);
  return levelsAt(grey, Math.max(1, roundEven(grey.width / scale)), Math.max(1, roundEven(grey.height / scale)), BOX_KERNEL);
}
