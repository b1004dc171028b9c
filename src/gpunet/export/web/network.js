// A network's forward pass for one sample, and the gradient of a logit by the input: the twin of
// gpunet/engine/reference/kernels.py. It needs no GPU and is fast enough for one sample. Sums are
// computed in float64 and kept as float32.

import { activationOf, logistic } from "./activations.js";
import { layerViews, normViews } from "./parameters.js";

/** @typedef {import("./types.js").Networks} Networks */
/** @typedef {import("./types.js").Shape} Shape */
/** @typedef {import("./types.js").Trace} Trace */

/** Layer norm's epsilon, added to the variance. */
const NORM_EPSILON = 1e-5;

/** From this logit on the exponential of counts is constant, as `LARGEST_RATE` in Python. */
const LARGEST_RATE = 30;

/**
 * One network's output for a sample, with all intermediate results.
 * @param {Shape} shape
 * @param {Float32Array} parameters (N,) of this network
 * @param {Float32Array} features (I,) as prepared
 * @returns {Trace}
 */
export function forward(shape, parameters, features) {
  const norms = normViews(shape, parameters);
  /** @type {Float32Array[]} */
  const preactivations = [];
  /** @type {Float32Array[]} */
  const activations = [];
  let inputs = features;
  layerViews(shape, parameters).forEach(({ weights, biases }, index) => {
    const sums = weightedSums(inputs, weights, biases);
    preactivations.push(sums);
    if (index === shape.layers.length - 1) return;
    const { value } = activationOf(shape.layers[index].activation, shape.leakySlope);
    const norm = norms[index];
    inputs = (norm ? normalized(sums, norm).outputs : sums).map(value);
    activations.push(inputs);
  });
  return { preactivations, activations, outputs: outputsOf(shape, preactivations[preactivations.length - 1]) };
}

/** The traces of all networks for a sample. @param {Networks} networks @param {Float32Array} features (I,) as prepared @returns {Trace[]} (P,) */
export function tracesOf({ shape, parameters, networks }, features) {
  return Array.from({ length: networks }, (_, network) =>
    forward(shape, parameters.subarray(network * shape.parameters, (network + 1) * shape.parameters), features));
}

/** The networks' joint answer (C,): the mean of theirs. @param {Float32Array[]} members (P,) of (C,) */
export function meanOutputs(members) {
  return members[0].map((_, place) => members.reduce((sum, one) => sum + one[place], 0) / members.length);
}

/** The joint answer (C,) to a sample. @param {Networks} networks @param {Float32Array} features (I,) as prepared */
export function jointOutputs(networks, features) {
  return meanOutputs(tracesOf(networks, features).map((trace) => trace.outputs));
}

/** A layer's preactivations. @param {Float32Array} inputs (I,) @param {Float32Array} weights (I * O,) @param {Float32Array} biases (O,) */
function weightedSums(inputs, weights, biases) {
  const sums = Float64Array.from(biases);
  const units = sums.length;
  for (let input = 0, row = 0; input < inputs.length; input++, row += units) {
    const value = inputs[input];
    if (value === 0) continue; // most of a drawing is empty
    for (let unit = 0; unit < units; unit++) sums[unit] += value * weights[row + unit];
  }
  return Float32Array.from(sums);
}

/**
 * Layer norm: normalizes preactivations to mean 0 and variance 1, then scales and shifts each unit.
 * @param {Float32Array} sums (O,)
 * @param {{scales: Float32Array, shifts: Float32Array}} norm (O,) each
 */
function normalized(sums, { scales, shifts }) {
  const mean = meanOf(sums);
  const inverse = 1 / Math.sqrt(meanOf(sums.map((sum) => (sum - mean) ** 2)) + NORM_EPSILON);
  const unscaled = sums.map((sum) => (sum - mean) * inverse);
  return { unscaled, inverse, outputs: unscaled.map((one, unit) => one * scales[unit] + shifts[unit]) };
}

/** @param {Float32Array|Float64Array} values */
function meanOf(values) {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** The outputs for logits (C,). @param {Shape} shape @param {Float32Array} logits */
function outputsOf(shape, logits) {
  switch (shape.output) {
    case "softmax": {
      const largest = logits.reduce((one, other) => Math.max(one, other));
      return shares(Float64Array.from(logits, (logit) => Math.exp(logit - largest)));
    }
    case "sigmoid":
      if (shape.kind === "labels") return logits.map(logistic);
      return shares(sigmoidMultiples(logits));
    case "exp": return logits.map((logit) => Math.exp(Math.min(logit, LARGEST_RATE)));
    case "identity": return logits.slice();
  }
}

/** Sigmoids of classes up to a common factor, so that even the smallest do not underflow. @param {Float32Array} logits */
function sigmoidMultiples(logits) {
  const below = logits.map((logit) => Math.min(logit, 0));
  const largest = below.reduce((one, other) => Math.max(one, other));
  return Float64Array.from(logits, (logit, place) =>
    Math.exp(below[place] - largest) / (1 + Math.exp(-Math.abs(logit))));
}

/** Numbers divided by their sum. @param {Float64Array} parts */
function shares(parts) {
  const sum = parts.reduce((one, other) => one + other);
  return Float32Array.from(parts, (part) => part / sum);
}

/**
 * The gradient of a logit by the features: evidence for a class and against it.
 * @param {Shape} shape
 * @param {Float32Array} parameters (N,) of the network
 * @param {Trace} trace its results for the sample
 * @param {number} output index of the logit
 * @param {Float64Array[]} [deltas] if already known
 * @returns {Float32Array} (I,)
 */
export function inputGradient(shape, parameters, trace, output, deltas = logitDeltas(shape, parameters, trace, output)) {
  return Float32Array.from(sentBack(deltas[0], layerViews(shape, parameters)[0].weights));
}

/**
 * The gradient of a logit by each unit's preactivation.
 * @param {Shape} shape
 * @param {Float32Array} parameters (N,) of the network
 * @param {Trace} trace what it computed of the sample
 * @param {number} output the place of the logit
 * @returns {Float64Array[]} (O,) of each layer
 */
export function logitDeltas(shape, parameters, trace, output) {
  const norms = normViews(shape, parameters);
  const layers = layerViews(shape, parameters);
  const last = layers.length - 1;
  let deltas = new Float64Array(shape.layers[last].outputs);
  deltas[output] = 1;
  const all = [deltas];
  for (let index = last; index > 0; index--) {
    const { slope } = activationOf(shape.layers[index - 1].activation, shape.leakySlope);
    const sums = trace.preactivations[index - 1];
    const norm = shape.layerNorm ? normalized(sums, norms[index - 1]) : null;
    const bent = norm ? norm.outputs : sums;
    deltas = sentBack(deltas, layers[index].weights);
    deltas.forEach((delta, unit) => { deltas[unit] = delta * slope(bent[unit]); });
    if (norm) deltas = throughNorm(deltas, norm, norms[index - 1].scales);
    all.unshift(deltas);
  }
  return all;
}

/** The gradient by a layer's inputs, from that by its preactivations (O,). @param {Float64Array} deltas @param {Float32Array} weights (I * O,) */
function sentBack(deltas, weights) {
  const units = deltas.length;
  const inputs = new Float64Array(weights.length / units);
  for (let input = 0, row = 0; input < inputs.length; input++, row += units) {
    for (let unit = 0; unit < units; unit++) inputs[input] += deltas[unit] * weights[row + unit];
  }
  return inputs;
}

/** The gradient by layer norm's input, from that by its output (O,). @param {Float64Array} deltas @param {{unscaled: Float32Array, inverse: number}} norm @param {Float32Array} scales */
function throughNorm(deltas, { unscaled, inverse }, scales) {
  const scaled = deltas.map((delta, unit) => delta * scales[unit]);
  const mean = meanOf(scaled);
  const stretch = meanOf(scaled.map((one, unit) => one * unscaled[unit]));
  return scaled.map((one, unit) => (one - mean - unscaled[unit] * stretch) * inverse);
}
