// A browser's image in gray levels, as `gpunet predict` turns colors and transparency into them.
// The twin of datasets/images.py, which explains it.

import { reducedImage, roundEven } from "./images.js";

/** @typedef {import("./images.js").Grey} Grey */
/** @typedef {import("./prepare.js").GreyImage} GreyImage */

/** Red, green, blue and opacity of each pixel, as ImageData has them. @typedef {{data: Uint8Array|Uint8ClampedArray, width: number, height: number}} Colors */

const COARSE_PAPER_SIDE = 256; // pixels of the shorter side of what is looked at to tell whether an image is bright
const LARGEST_IN_COLOR = 1024; // pixels of the longer side of what is looked at to tell what is ink
const BRIGHTNESS = [0.299, 0.587, 0.114]; // shares of red, green and blue in a gray level
const MORE_COLORFUL = 2; // times as far as brightness colors must vary for ink to be sought by color

/**
 * An image in gray levels. What is transparent lies on white, or on black if what is opaque is
 * mostly bright.
 * @param {Colors} image
 * @returns {GreyImage}
 */
export function greyOf(image) {
  const { width, height } = image;
  const data = new Uint8Array(image.data.buffer, image.data.byteOffset, image.data.length);
  const plain = plainGrey(data);
  if (plain) return { grey: plain, width, height };
  const grey = new Uint8Array(width * height);
  const background = backgroundOf({ data, width, height });
  for (let pixel = 0, at = 0; pixel < grey.length; pixel++, at += 4) {
    const level = (19595 * data[at] + 38470 * data[at + 1] + 7471 * data[at + 2] + 0x8000) >> 16;
    grey[pixel] = over255(background * (255 - data[at + 3]) + level * data[at + 3]);
  }
  const inColor = colorContrast({ data, width, height });
  return inColor ? { grey, width, height, inColor } : { grey, width, height };
}

/** The levels of pixels that are all opaque and grey already; else null. @param {Uint8Array} data */
function plainGrey(data) {
  const grey = new Uint8Array(data.length / 4);
  for (let pixel = 0, at = 0; pixel < grey.length; pixel++, at += 4) {
    const level = data[at];
    if (data[at + 1] !== level || data[at + 2] !== level || data[at + 3] !== 255) return null;
    grey[pixel] = level;
  }
  return grey;
}

/** A product of bytes, as a share of 255. @param {number} product */
function over255(product) {
  return (product + 128 + ((product + 128) >> 8)) >> 8;
}

/** What transparent pixels are laid on: 0 if what is opaque is mostly bright, else 255. @param {{data: Uint8Array, width: number, height: number}} image */
function backgroundOf(image) {
  const { data } = reducedColors(image, Math.max(1, Math.floor(Math.min(image.width, image.height) / COARSE_PAPER_SIDE)));
  let [opaque, bright] = [0, 0];
  for (let at = 0; at < data.length; at += 4) {
    opaque += data[at + 3];
    bright += ((data[at] + data[at + 1] + data[at + 2]) / 3) * data[at + 3];
  }
  return opaque > 0 && bright / opaque > 127 ? 0 : 255;
}

/** Red, green and blue of an image without transparency. @param {{data: Uint8Array, width: number, height: number}} image @param {number} background */
function opaqueColors({ data, width, height }, background) {
  const colors = new Uint8Array(3 * width * height);
  for (let at = 0, to = 0; at < data.length; at += 4) {
    const under = background * (255 - data[at + 3]);
    for (let channel = 0; channel < 3; channel++) colors[to++] = over255(under + data[at + channel] * data[at + 3]);
  }
  return colors;
}

/** The image made smaller by a whole number; colors count by how opaque they are. @param {{data: Uint8Array, width: number, height: number}} image @param {number} times */
function reducedColors({ data, width, height }, times) {
  if (times === 1) return { data, width, height };
  const weighed = data.map((level, at) => (at % 4 === 3 ? level : over255(level * data[at | 3])));
  const small = reducedImage(weighed, width, height, times, times, 4);
  const levels = small.pixels.map((level, at) => {
    const opacity = small.pixels[at | 3];
    return at % 4 === 3 || opacity === 0 ? level : Math.min(255, Math.trunc((255 * level) / opacity));
  });
  return { data: levels, width: small.width, height: small.height };
}

/**
 * Levels along the line through the colors that they vary most along; null where brightness
 * varies nearly as much.
 * @param {{data: Uint8Array, width: number, height: number}} image
 * @returns {Grey|null}
 */
function colorContrast(image) {
  const small = reducedColors(image, Math.ceil(Math.max(image.width, image.height) / LARGEST_IN_COLOR));
  const colors = opaqueColors(small, backgroundOf(small));
  const pixels = colors.length / 3;
  const means = [0, 0, 0];
  for (let at = 0; at < colors.length; at++) means[at % 3] += colors[at] / pixels;
  const covariance = [[0, 0, 0], [0, 0, 0], [0, 0, 0]];
  for (let at = 0; at < colors.length; at += 3) {
    for (let row = 0; row < 3; row++) {
      for (let column = 0; column <= row; column++) {
        covariance[row][column] += (colors[at + row] - means[row]) * (colors[at + column] - means[column]);
      }
    }
  }
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column <= row; column++) covariance[column][row] = covariance[row][column] /= pixels;
  }
  const { variance, direction } = widestDirection(covariance);
  const ofGrey = BRIGHTNESS.reduce((sum, one, row) => sum + BRIGHTNESS.reduce((part, other, column) => part + one * other * covariance[row][column], 0), 0);
  if (Math.sqrt(Math.max(0, variance) / 3) <= MORE_COLORFUL * Math.sqrt(Math.max(0, ofGrey))) return null;
  const isBright = direction.reduce((sum, share, channel) => sum + share * BRIGHTNESS[channel], 0) >= 0;
  const towards = (isBright ? 1 : -1) / Math.sqrt(3);
  const levels = Float64Array.from({ length: pixels }, (_, pixel) => (
    direction[0] * colors[3 * pixel] + direction[1] * colors[3 * pixel + 1] + direction[2] * colors[3 * pixel + 2]) * towards);
  const least = levels.reduce((low, level) => Math.min(low, level), Infinity);
  return { grey: Uint8Array.from(levels, (level) => Math.min(255, roundEven(level - least))), width: small.width, height: small.height };
}

/** The direction of unit length of the greatest variance, by Jacobi's rotations. @param {number[][]} covariance (3, 3) */
function widestDirection(covariance) {
  const matrix = covariance.map((row) => [...row]);
  const axes = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]; // in its columns
  for (let round = 0; round < 30; round++) {
    for (const [one, other] of [[0, 1], [0, 2], [1, 2]]) {
      if (matrix[one][other] === 0) continue;
      const angle = 0.5 * Math.atan2(2 * matrix[one][other], matrix[other][other] - matrix[one][one]);
      const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
      for (const rows of [matrix, axes]) {
        for (const row of rows) [row[one], row[other]] = [cosine * row[one] - sine * row[other], sine * row[one] + cosine * row[other]];
      }
      const [first, second] = [[...matrix[one]], [...matrix[other]]];
      matrix[one] = first.map((value, column) => cosine * value - sine * second[column]);
      matrix[other] = first.map((value, column) => sine * value + cosine * second[column]);
      matrix[one][other] = matrix[other][one] = 0;
    }
  }
  const variances = matrix.map((row, axis) => row[axis]);
  const widest = variances.indexOf(Math.max(...variances));
  return { variance: variances[widest], direction: axes.map((row) => row[widest]) };
}
