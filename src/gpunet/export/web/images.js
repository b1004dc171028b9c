// Resizes and filters images with exactly the same pixels as `gpunet predict`.
//
// Python prepares images with Pillow, whose arithmetic on bytes is in whole numbers and rounds after
// every pass. This module does the same, so that a network gets the same pixels in both places.

/** Grey levels as bytes, row by row. @typedef {{grey: Uint8Array, width: number, height: number}} Grey */

/** Grey levels in float32, row by row. @typedef {{levels: Float32Array, width: number, height: number}} Levels */

/** How much a pixel counts, by its distance from the middle, up to a reach. @typedef {{reach: number, weight: (distance: number) => number}} Kernel */

/** The mean over the area of a new pixel. @type {Kernel} */
export const BOX_KERNEL = { reach: 0.5, weight: (distance) => (distance > -0.5 && distance <= 0.5 ? 1 : 0) };

/** Straight lines between pixels. @type {Kernel} */
export const BILINEAR_KERNEL = { reach: 1, weight: (distance) => Math.max(0, 1 - Math.abs(distance)) };

/** Smooth curves between pixels. @type {Kernel} */
const BICUBIC_KERNEL = {
  reach: 2,
  weight: (distance) => {
    const x = Math.abs(distance);
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
  },
};

const FRACTION_BITS = 22; // of a weight in whole numbers, as bytes are resized

/** A number rounded to float32, in which numpy computes here. */
export const float32 = Math.fround;

/** The nearest whole number, ties to even, as in Python and numpy. @param {number} value */
export function roundEven(value) {
  const below = Math.floor(value);
  const rest = value - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}

/** @param {Grey} image @returns {Levels} */
export function asLevels({ grey, width, height }) {
  return { levels: new Float32Array(grey), width, height };
}

/** Rounded to bytes. @param {Levels} image @returns {Grey} */
export function asGrey({ levels, width, height }) {
  return { grey: Uint8Array.from(levels, roundEven), width, height };
}

/** The smallest and the largest value. @param {ArrayLike<number>} values */
export function extremesOf(values) {
  let [least, greatest] = [Infinity, -Infinity];
  for (let at = 0; at < values.length; at++) {
    if (values[at] < least) least = values[at];
    if (values[at] > greatest) greatest = values[at];
  }
  return { least, greatest };
}

/** With rows and columns exchanged. @template {Uint8Array|Float32Array} Pixels @param {Pixels} pixels @param {number} width @param {number} height @returns {Pixels} */
function turnedPixels(pixels, width, height) {
  const turned = pixels.slice();
  for (let row = 0, from = 0; row < height; row++) {
    for (let column = 0, to = row; column < width; column++, to += height) turned[to] = pixels[from++];
  }
  return /** @type {Pixels} */ (turned);
}

/**
 * The source pixels of each new pixel in a row: the first one, their number, and their weights.
 * @param {number} length of the row
 * @param {number} covered the part of it, from its start, that becomes the new row
 * @param {number} size pixels of the new row
 * @param {Kernel} kernel
 */
function mixtures(length, covered, size, kernel) {
  const scale = float32(covered) / size;
  const stretch = Math.max(1, scale);
  const reach = kernel.reach * stretch;
  const most = Math.ceil(reach) * 2 + 1;
  const first = new Int32Array(size);
  const count = new Int32Array(size);
  const weights = new Float64Array(size * most);
  for (let index = 0; index < size; index++) {
    const center = (index + 0.5) * scale;
    first[index] = Math.max(0, Math.trunc(center - reach + 0.5));
    count[index] = Math.min(length, Math.trunc(center + reach + 0.5)) - first[index];
    const own = weights.subarray(index * most, index * most + count[index]);
    let sum = 0;
    for (let near = 0; near < own.length; near++) {
      own[near] = kernel.weight((near + first[index] - center + 0.5) * (1 / stretch));
      sum += own[near];
    }
    if (sum !== 0) for (let near = 0; near < own.length; near++) own[near] /= sum;
  }
  return { first, count, weights, most };
}

/**
 * One row after the other at a new width.
 * @param {Float32Array} pixels
 * @param {number} width
 * @param {number} height
 * @param {number} covered
 * @param {number} size the new width
 * @param {Kernel} kernel
 * @param {boolean} isBytes whether pixels are weighed in whole numbers, and stay bytes
 */
function rowsResized(pixels, width, height, covered, size, kernel, isBytes) {
  const { first, count, weights, most } = mixtures(width, covered, size, kernel);
  if (isBytes) weights.forEach((weight, at) => { weights[at] = Math.trunc(weight * 2 ** FRACTION_BITS + (weight < 0 ? -0.5 : 0.5)); });
  const half = isBytes ? 2 ** (FRACTION_BITS - 1) : 0;
  const out = new Float32Array(size * height);
  for (let row = 0; row < height; row++) {
    for (let index = 0; index < size; index++) {
      let sum = half;
      let from = row * width + first[index];
      for (let near = index * most, end = near + count[index]; near < end; near++) sum += pixels[from++] * weights[near];
      out[row * size + index] = isBytes ? Math.min(255, Math.max(0, sum >> FRACTION_BITS)) : sum;
    }
  }
  return out;
}

/**
 * Pixels at another size: first the rows, then the columns.
 * @param {Float32Array} pixels
 * @param {[number, number]} from width and height
 * @param {[number, number]} to width and height
 * @param {Kernel} kernel
 * @param {boolean} isBytes
 * @param {[number, number]} covered width and height of the part that is taken; all of it
 */
function resampled(pixels, from, to, kernel, isBytes, covered = from) {
  let out = pixels;
  if (to[0] !== from[0] || covered[0] !== from[0]) out = rowsResized(out, from[0], from[1], covered[0], to[0], kernel, isBytes);
  if (to[1] === from[1] && covered[1] === from[1]) return out;
  const turned = rowsResized(turnedPixels(out, to[0], from[1]), from[1], to[0], covered[1], to[1], kernel, isBytes);
  return turnedPixels(turned, to[1], to[0]);
}

/** @param {Levels} image @param {number} width @param {number} height @param {Kernel} kernel @returns {Levels} */
export function levelsAt({ levels, width: wide, height: high }, width, height, kernel) {
  return { levels: resampled(levels, [wide, high], [width, height], kernel, false), width, height };
}

/**
 * Shrunk to the mean over the area of each new pixel, or enlarged smoothly.
 * @param {Grey} image @param {number} width @param {number} height @returns {Grey}
 */
export function greyAt({ grey, width: wide, height: high }, width, height) {
  const kernel = width <= wide && height <= high ? BOX_KERNEL : BICUBIC_KERNEL;
  return { grey: new Uint8Array(resampled(new Float32Array(grey), [wide, high], [width, height], kernel, true)), width, height };
}

/**
 * Reduces each block of pixels to its mean; blocks at the right and bottom edge may be smaller.
 * @param {Uint8Array} pixels
 * @param {number} width
 * @param {number} height
 * @param {number} across
 * @param {number} down
 * @param {number} channels bytes of a pixel
 * @returns {{pixels: Uint8Array, width: number, height: number}}
 */
export function reducedImage(pixels, width, height, across, down, channels = 1) {
  const wide = Math.ceil(width / across);
  const high = Math.ceil(height / down);
  const out = new Uint8Array(wide * high * channels);
  for (let row = 0, to = 0; row < high; row++) {
    const bottom = Math.min(height, (row + 1) * down);
    for (let column = 0; column < wide; column++) {
      const right = Math.min(width, (column + 1) * across);
      const count = (bottom - row * down) * (right - column * across);
      const share = Math.floor(float32(2 ** 24 / count)); // in whole numbers, as Pillow divides
      for (let channel = 0; channel < channels; channel++) {
        let sum = count >> 1;
        for (let y = row * down; y < bottom; y++) {
          for (let x = column * across; x < right; x++) sum += pixels[(y * width + x) * channels + channel];
        }
        out[to++] = Math.floor((sum * share) / 2 ** 24);
      }
    }
  }
  return { pixels: out, width: wide, height: high };
}

/**
 * The image, shrunk if necessary so that neither side is longer than this.
 * @param {Grey} image
 * @param {number} side
 * @returns {Grey}
 */
export function withinSide(image, side) {
  const { width, height } = image;
  if (width <= side && height <= side) return image;
  const scale = side / Math.max(width, height);
  const wide = Math.max(1, roundEven(width * scale));
  const high = Math.max(1, roundEven(height * scale));
  const across = Math.trunc(width / wide / 2) || 1;
  const down = Math.trunc(height / high / 2) || 1;
  const first = across > 1 || down > 1 ? reducedImage(image.grey, width, height, across, down) : { pixels: image.grey, width, height };
  const covered = /** @type {[number, number]} */ ([width / across, height / down]);
  const pixels = resampled(new Float32Array(first.pixels), [first.width, first.height], [wide, high], BICUBIC_KERNEL, true, covered);
  return { grey: new Uint8Array(pixels), width: wide, height: high };
}

/**
 * A Gaussian blur, by three means over a box, whose ends count in part.
 * @param {Grey} image
 * @param {number} deviation in pixels
 * @returns {Grey}
 */
export function gaussianBlurred({ grey, width, height }, deviation) {
  const radius = boxRadius(deviation);
  if (radius === 0) return { grey, width, height };
  const across = threeMeans(grey, width, radius);
  const down = threeMeans(turnedPixels(across, width, height), height, radius);
  return { grey: turnedPixels(down, height, width), width, height };
}

/** Of the boxes whose means, three times, are a Gaussian blur (Gwosdek et al. 2011), in float32. @param {number} deviation */
function boxRadius(deviation) {
  const variance = float32(float32(float32(deviation) * float32(deviation)) / 3);
  const length = float32(Math.sqrt(12 * variance + 1));
  const whole = float32(Math.floor((length - 1) / 2));
  const over = float32(float32(2 * whole + 1) * float32(float32(whole * (whole + 1)) - float32(3 * variance)));
  return float32(whole + float32(over / float32(6 * float32(variance - float32((whole + 1) * (whole + 1))))));
}

/** Each row's running means, taken three times. @param {Uint8Array} grey @param {number} width @param {number} radius */
function threeMeans(grey, width, radius) {
  const whole = Math.trunc(radius);
  const inner = Math.trunc(float32(2 ** 24 / float32(radius * 2 + 1))); // the weight of a pixel in the box
  const outer = Math.trunc((2 ** 24 - (whole * 2 + 1) * inner) / 2); // of the two beside it
  let from = grey;
  for (let pass = 0; pass < 3; pass++) {
    const to = new Uint8Array(grey.length);
    for (let start = 0; start < grey.length; start += width) {
      /** @param {number} x */
      const at = (x) => from[start + Math.min(width - 1, Math.max(0, x))];
      let sum = 0;
      for (let x = -whole - 1; x < whole; x++) sum += at(x);
      for (let x = 0; x < width; x++) {
        sum += at(x + whole) - at(x - whole - 1);
        to[start + x] = Math.floor((sum * inner + (at(x - whole - 1) + at(x + whole + 1)) * outer + 2 ** 23) / 2 ** 24);
      }
    }
    from = to;
  }
  return from;
}

/**
 * For each pixel, the level of a given rank within the square around it.
 * @param {Grey} image pixels beyond its edge are like those at the edge
 * @param {number} side of the square, odd
 * @param {number} rank 0 for the least, side * side - 1 for the greatest
 * @returns {Grey}
 */
export function rankFiltered({ grey, width, height }, side, rank) {
  const reach = side >> 1;
  const out = new Uint8Array(grey.length);
  const counts = new Int32Array(256);
  /** Counts a column of the square. @param {number} column @param {number} row @param {number} step */
  const count = (column, row, step) => {
    const x = Math.min(width - 1, Math.max(0, column));
    for (let y = row - reach; y <= row + reach; y++) counts[grey[Math.min(height - 1, Math.max(0, y)) * width + x]] += step;
  };
  for (let row = 0; row < height; row++) {
    counts.fill(0);
    for (let column = -reach - 1; column < reach; column++) count(column, row, 1);
    for (let column = 0; column < width; column++) {
      count(column + reach, row, 1);
      count(column - reach - 1, row, -1);
      let level = 0;
      for (let below = counts[0]; below <= rank; below += counts[level]) level++;
      out[row * width + column] = level;
    }
  }
  return { grey: out, width, height };
}

/**
 * The median of the values, in float32.
 * @param {ArrayLike<number>} values
 */
export function medianOf(values) {
  const sorted = Float32Array.from(values);
  const middle = sorted.length >> 1;
  const upper = ranked(sorted, middle);
  if (sorted.length % 2) return upper;
  let lower = -Infinity;
  for (let at = 0; at < middle; at++) lower = Math.max(lower, sorted[at]);
  return float32(float32(lower + upper) / 2);
}

/** The value that would have this rank if sorted; partially sorts the array. @param {Float32Array} values are moved @param {number} rank */
export function ranked(values, rank) {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const pivot = values[(low + high) >> 1];
    let [left, right] = [low, high];
    while (left <= right) {
      while (values[left] < pivot) left++;
      while (values[right] > pivot) right--;
      if (left <= right) {
        [values[left], values[right]] = [values[right], values[left]];
        left++;
        right--;
      }
    }
    if (rank <= right) high = right;
    else if (rank >= left) low = left;
    else break;
  }
  return values[rank];
}
