// What the page writes into a program's buffers, laid out as the shaders read it.

import { padded } from "./parameters.js";

/**
 * Samples as the network takes them.
 * @typedef {object} Samples
 * @property {Uint8Array|Float32Array} features (n * I,)
 * @property {Int32Array|Float32Array} labels (n,) classes, or (n * T,) targets
 * @property {Float32Array|null} [weights] (n * 2,) what each counts in the loss and in all else, or (n,) in the loss
 */

/** The weights (n,) of samples in all metrics but training's loss, if they have any. @param {(Samples & {count: number})|undefined} split */
export function metricWeights(split) {
  if (!split?.weights || split.weights.length < 2 * split.count) return null;
  return split.weights.filter((_, at) => at % 2 === 1);
}

/** What the samples seen weigh after each step (S,). @param {Float32Array} weights @param {Uint32Array} order @param {number} rows */
export function weightsByStep(weights, order, rows) {
  const sums = new Float64Array(Math.ceil(order.length / rows));
  let sum = 0;
  order.forEach((row, place) => {
    sum += weights[row];
    sums[Math.floor(place / rows)] = sum;
  });
  return sums;
}

/**
 * Orders (P,) of (n,) cut into padded batches (P * S * B), filled up with their last samples.
 * @param {Uint32Array[]} orders
 * @param {number} rows of a full batch
 */
export function inBatches(orders, rows) {
  const count = orders[0].length;
  const steps = Math.ceil(count / rows);
  const stride = padded(rows);
  const batches = new Uint32Array(orders.length * steps * stride);
  orders.forEach((order, network) => {
    for (let step = 0; step < steps; step++) {
      const batch = order.subarray(step * rows, (step + 1) * rows);
      const first = (network * steps + step) * stride;
      batches.fill(batch[batch.length - 1], first, first + stride);
      batches.set(batch, first);
    }
  });
  return batches;
}

/** Samples (n * I,) with rows padded to whole groups of four. @param {Samples["features"]} features @param {number} count */
export function inWholeFours(features, count) {
  const inputs = features.length / count;
  if (inputs % 4 === 0) return features;
  const wide = new /** @type {Float32ArrayConstructor} */ (features.constructor)(count * padded(inputs));
  for (let row = 0; row < count; row++) {
    wide.set(features.subarray(row * inputs, (row + 1) * inputs), row * padded(inputs));
  }
  return wide;
}

/** Each sample's label or targets, with its weights behind them: (n * words,). @param {Samples} samples @param {number} count */
export function labelWords({ labels, weights = null }, count) {
  const targets = labels.length / count;
  const behind = (weights?.length ?? 0) / count;
  const words = new Uint32Array(count * (targets + behind));
  const floats = new Float32Array(words.buffer);
  const own = labels instanceof Float32Array ? floats : words;
  for (let row = 0; row < count; row++) {
    const at = row * (targets + behind);
    own.set(labels.subarray(row * targets, (row + 1) * targets), at);
    if (weights !== null) floats.set(weights.subarray(row * behind, (row + 1) * behind), at + targets);
  }
  return words;
}

/** The bytes of a base64 text. @param {string} text */
export function bytesOfText(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** @param {Uint8Array} bytes @param {number} times */
export function repeatedBytes(bytes, times) {
  const all = new Uint8Array(bytes.length * times);
  for (let time = 0; time < times; time++) all.set(bytes, time * bytes.length);
  return all;
}
