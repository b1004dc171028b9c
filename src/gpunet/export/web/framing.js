// A digit framed as the training images are: fitted into a box, its center of mass in the middle.
// The twin of datasets/framing.py, which explains it.

import { float32, greyAt, medianOf, roundEven } from "./images.js";
import { BLURRED_EDGE } from "./ink.js";
import { FAINTEST_CONTRAST } from "./paper.js";

/** @typedef {import("./images.js").Grey} Grey */

/** How training images are framed: the pixels of the box, and the levels of paper and ink. @typedef {{box: number, paper: number, ink: number}} Framing */

const FRAMED_SIDE = 28; // pixels of an image of MNIST
const FAITHFUL = 64; // gray levels that ink and paper may differ from the training images'

/**
 * A digit in an image.
 * @param {Framing} framing
 * @param {Grey} crop the ink, bright on black
 * @param {[number, number]} shape height and width of the image, at least as large as the box
 * @returns {Uint8Array}
 */
export function framedDigit(framing, crop, [height, width]) {
  const scale = framing.box / Math.max(crop.height, crop.width);
  const ink = greyAt(crop, Math.max(1, roundEven(crop.width * scale)), Math.max(1, roundEven(crop.height * scale)));
  const center = centerOf(ink.grey, ink.width);
  const top = Math.min(height - ink.height, Math.max(0, roundEven(height / 2 - center.row)));
  const left = Math.min(width - ink.width, Math.max(0, roundEven(width / 2 - center.column)));
  const amounts = new Float32Array(height * width);
  for (let row = 0; row < ink.height; row++) {
    for (let column = 0; column < ink.width; column++) {
      amounts[(top + row) * width + left + column] = ink.grey[row * ink.width + column] / 255;
    }
  }
  return leveledPixels(framing, amounts, float32);
}

/**
 * The image with its ink where it is, if that is where this framing puts it; else null.
 * @param {Framing} framing
 * @param {Grey} image
 */
export function keptAsFramed(framing, { grey, width, height }) {
  const sides = Array.from({ length: Math.max(0, height - 2) }, (_, row) => (row + 1) * width);
  const border = [...grey.subarray(0, width), ...grey.subarray(grey.length - width), ...sides.flatMap((start) => [grey[start], grey[start + width - 1]])];
  const paper = medianOf(border);
  const strongest = grey.reduce((most, level) => (Math.abs(level - paper) > Math.abs(most) ? level - paper : most), 0);
  if (Math.abs(strongest) < FAINTEST_CONTRAST) return null;
  const amounts = Float32Array.from(grey, (level) => {
    const amount = float32((level - paper) / strongest);
    return amount <= float32(BLURRED_EDGE) ? 0 : amount;
  });
  let [west, north, east, south] = [width, height, 0, 0];
  amounts.forEach((amount, at) => {
    if (amount <= 0) return;
    [west, east] = [Math.min(west, at % width), Math.max(east, (at % width) + 1)];
    [north, south] = [Math.min(north, Math.floor(at / width)), Math.max(south, Math.floor(at / width) + 1)];
  });
  const pixel = Math.max(1, Math.min(width, height) / FRAMED_SIDE);
  const center = centerOf(amounts, width);
  const offCenter = Math.max(Math.abs(center.row - height / 2), Math.abs(center.column - width / 2));
  if (Math.abs(Math.max(east - west, south - north) - framing.box) > pixel || offCenter > pixel) return null;
  if (Math.abs(paper - framing.paper) < FAITHFUL && Math.abs(paper + strongest - framing.ink) < FAITHFUL) return grey;
  return leveledPixels(framing, Float64Array.from(grey, (level) => Math.min(1, Math.max(0, (level - paper) / strongest))), Number);
}

/** Row and column of the center of mass. @param {Uint8Array|Float32Array} ink @param {number} width */
function centerOf(ink, width) {
  let [mass, rows, columns] = [0, 0, 0];
  ink.forEach((/** @type {number} */ amount, /** @type {number} */ at) => {
    mass += amount;
    rows += amount * Math.floor(at / width);
    columns += amount * (at % width);
  });
  return { row: rows / mass, column: columns / mass };
}

/** Amounts of ink from 0 to 1 as gray levels. @param {Framing} framing @param {Float32Array|Float64Array} amounts @param {(value: number) => number} precision to which it is computed */
function leveledPixels({ paper, ink }, amounts, precision) {
  return Uint8Array.from(amounts, (amount) => roundEven(precision(paper + precision(amount * (ink - paper)))));
}
