// The layout of a network's N parameters, and their initial values.
//
// A layer's block is its weights (I, O), row by row, and its biases (O) behind them; the blocks
// follow one another, and after all of them come the scales and shifts of layer norm. On the device
// rows and columns are padded with zeros to fours, so that shaders read four numbers at a time.

import { INITIALIZATION, normal, uniform } from "./rng.js";

/** @typedef {import("./types.js").Shape} Shape */

/** A number of rows or columns, rounded up to whole fours. @param {number} count */
export const padded = (count) => Math.ceil(count / 4) * 4;

/**
 * The weights and biases of every layer of a network, as views.
 * @param {Shape} shape
 * @param {Float32Array} parameters of all networks (P * N)
 * @param {number} [network]
 * @returns {{weights: Float32Array, biases: Float32Array}[]} (I * O,) row by row, and (O,)
 */
export function layerViews(shape, parameters, network = 0) {
  let end = network * shape.parameters;
  /** @param {number} count */
  const next = (count) => parameters.subarray(end, (end += count));
  return shape.layers.map(({ inputs, outputs }) => ({
    weights: next(inputs * outputs),
    biases: next(outputs),
  }));
}

/**
 * The scales and shifts of every hidden layer's norm, as views; none without norms.
 * @param {Shape} shape
 * @param {Float32Array} parameters of all networks (P * N)
 * @param {number} [network]
 * @returns {{scales: Float32Array, shifts: Float32Array}[]} (O,) each
 */
export function normViews(shape, parameters, network = 0) {
  if (!shape.layerNorm) return [];
  const hidden = shape.layers.slice(0, -1);
  let end = (network + 1) * shape.parameters - hidden.reduce((sum, one) => sum + 2 * one.outputs, 0);
  /** @param {number} count */
  const next = (count) => parameters.subarray(end, (end += count));
  return hidden.map(({ outputs }) => ({ scales: next(outputs), shifts: next(outputs) }));
}

/**
 * The position of each of a network's N parameters among its S numbers on the device.
 * @param {Shape} shape
 * @returns {Uint32Array} (N,)
 */
function devicePlaces(shape) {
  const { weightsAt, scalesAt } = shape.layout;
  const places = new Uint32Array(shape.parameters);
  let end = 0;
  shape.layers.forEach(({ inputs, outputs }, index) => {
    for (let row = 0; row <= inputs; row++) {
      for (let unit = 0; unit < outputs; unit++) {
        places[end++] = weightsAt[index] + row * padded(outputs) + unit;
      }
    }
  });
  scalesAt.forEach((at, index) => {
    const { outputs } = shape.layers[index];
    for (const first of [at, at + padded(outputs)]) {
      for (let unit = 0; unit < outputs; unit++) places[end++] = first + unit;
    }
  });
  return places;
}

/**
 * Parameters, or moments, in the device's padded layout.
 * @param {Shape} shape
 * @param {Float32Array} parameters (P * N)
 * @param {number} networks P
 * @returns {Float32Array} (P * S)
 */
export function packed(shape, parameters, networks) {
  const { size } = shape.layout;
  const result = new Float32Array(networks * size);
  const places = devicePlaces(shape);
  for (let network = 0; network < networks; network++) {
    const first = network * shape.parameters;
    places.forEach((place, at) => { result[network * size + place] = parameters[first + at]; });
  }
  return result;
}

/**
 * Parameters from the device, without the padding.
 * @param {Shape} shape
 * @param {Float32Array} numbers (P * S)
 * @param {number} networks P
 * @returns {Float32Array} (P * N)
 */
export function unpacked(shape, numbers, networks) {
  const { size } = shape.layout;
  const result = new Float32Array(networks * shape.parameters);
  const places = devicePlaces(shape);
  for (let network = 0; network < networks; network++) {
    const first = network * shape.parameters;
    places.forEach((place, at) => { result[first + at] = numbers[network * size + place]; });
  }
  return result;
}

/**
 * The networks' initial parameters, the same as Python's `initial_parameters` for these seeds.
 * @param {Shape} shape
 * @param {number[]} seeds one for each network
 * @returns {Float32Array} (P * N)
 */
export function initialParameters(shape, seeds) {
  const parameters = new Float32Array(seeds.length * shape.parameters);
  seeds.forEach((seed, network) => {
    for (const { scales } of normViews(shape, parameters, network)) scales.fill(1);
    layerViews(shape, parameters, network).forEach(({ weights, biases }, layer) => {
      const start = shape.start[layer];
      if (start.weights === 0 && start.biases === 0) return;
      const count = weights.length + biases.length;
      const draws = start.normal
        ? normal(seed, INITIALIZATION, layer, count)
        : uniform(seed, INITIALIZATION, layer, count).map((draw) => 2 * draw - 1);
      weights.forEach((_, at) => { weights[at] = draws[at] * start.weights; });
      if (start.biases === 0) return; // rather than -0
      biases.forEach((_, at) => { biases[at] = draws[weights.length + at] * start.biases; });
    });
  });
  return parameters;
}
