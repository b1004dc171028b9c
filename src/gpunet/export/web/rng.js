// The one source of randomness, the same numbers as gpunet's `rng.py` and `shaders/rng.wgsl` draw.
//
// A draw is a function of its key (seed, step, layer, unit) and of nothing else: no state is kept,
// so that the same seed gives the same weights, orders and dropout here, in Python and on the GPU.

/** Steps that no training reaches; they key the draws that are not made within a step. */
export const INITIALIZATION = 0xffff_ffff;
const SHUFFLING = 0xffff_fffe;

/**
 * Four uniform 32-bit draws for a key (Jarzynski & Olano, "Hash Functions for GPU Rendering", 2020).
 * @param {number} x
 * @param {number} y
 * @param {number} z
 * @param {number} w
 * @param {Uint32Array} [draws] takes the four numbers
 * @returns {Uint32Array}
 */
function pcg4d(x, y, z, w, draws = new Uint32Array(4)) {
  const multiplier = 1664525;
  const increment = 1013904223;
  draws[0] = Math.imul(x, multiplier) + increment;
  draws[1] = Math.imul(y, multiplier) + increment;
  draws[2] = Math.imul(z, multiplier) + increment;
  draws[3] = Math.imul(w, multiplier) + increment;
  mixDraws(draws);
  for (let part = 0; part < 4; part++) draws[part] ^= draws[part] >>> 16;
  mixDraws(draws);
  return draws;
}

/** @param {Uint32Array} draws */
function mixDraws(draws) {
  draws[0] += Math.imul(draws[1], draws[3]);
  draws[1] += Math.imul(draws[2], draws[0]);
  draws[2] += Math.imul(draws[0], draws[1]);
  draws[3] += Math.imul(draws[1], draws[2]);
}

/**
 * Numbers from [0, 1), in multiples of 2**-32.
 * @param {number} seed
 * @param {number} step
 * @param {number} layer
 * @param {number} count
 * @returns {Float64Array} (count,)
 */
export function uniform(seed, step, layer, count) {
  const numbers = new Float64Array(count);
  const draws = new Uint32Array(4);
  for (let at = 0; at < count; at++) {
    if (at % 4 === 0) pcg4d(seed, step, layer, at / 4, draws);
    numbers[at] = draws[at % 4] * 2 ** -32;
  }
  return numbers;
}

/**
 * Numbers of mean 0 and variance 1 (Box & Muller, 1958).
 * @param {number} seed
 * @param {number} step
 * @param {number} layer
 * @param {number} count
 * @returns {Float64Array} (count,)
 */
export function normal(seed, step, layer, count) {
  const draws = uniform(seed, step, layer, 2 * count);
  return Float64Array.from({ length: count }, (_, at) =>
    Math.sqrt(-2 * Math.log1p(-draws[2 * at])) * Math.cos(2 * Math.PI * draws[2 * at + 1]));
}

/**
 * The numbers 0 to count - 1 in another random order for every epoch: sorted by a 64-bit draw each.
 * @param {number} seed
 * @param {number} epoch counted from 1
 * @param {number} count
 * @returns {Uint32Array} (count,)
 */
export function permutation(seed, epoch, count) {
  // A key of a draw's upper half and the number itself is exact in a float64, and arrays of
  // float64 are sorted fast; the lower halves only matter where two upper ones are the same.
  const keys = new Float64Array(count);
  const lower = new Uint32Array(count);
  const draws = new Uint32Array(4);
  const places = 2 ** 21;
  if (count > places) throw new Error(`a page orders at most ${places} samples, not ${count}`);
  for (let unit = 0; unit < count; unit++) {
    pcg4d(seed, SHUFFLING, epoch, unit, draws);
    keys[unit] = draws[0] * places + unit;
    lower[unit] = draws[1];
  }
  keys.sort();
  const order = Uint32Array.from(keys, (key) => key % places);
  for (let at = 1; at < count; at++) {
    const upper = Math.floor(keys[at] / places);
    for (let place = at; place > 0 && Math.floor(keys[place - 1] / places) === upper; place--) {
      if (lower[order[place - 1]] <= lower[order[place]]) break;
      [order[place - 1], order[place]] = [order[place], order[place - 1]];
    }
  }
  return order;
}
