// Finds the columns of a table that matter most to the answer.

import { forward, inputGradient } from "./network.js";
import { prepared } from "./prepare.js";
import { rawFeatures, testRow, usualValues } from "./rows.js";

/** @typedef {import("./types.js").Control} Control */
/** @typedef {import("./types.js").Networks} Networks */
/** @typedef {import("./types.js").Page} Page */

/** Most multiplications for this. */
const INFLUENCE_COST = 1e8;

/** Most samples that are used. */
const SAMPLES_LOOKED_AT = 32;

/** The indices of a table's columns, the most important first. @param {Page} page @param {Networks} networks */
export function columnsByInfluence(page, networks) {
  const { controls } = page.data.model;
  if (controls.length === 0) return [];
  const count = Math.min(SAMPLES_LOOKED_AT, page.data.data?.test ?? 0);
  const samples = count === 0 ? [prepared(rawFeatures(controls, usualValues(controls)), page)]
    : Array.from({ length: count }, (_, row) => prepared(testRow(page, row), page));
  const matter = influences(page, networks, samples);
  return [...controls.keys()].sort((one, other) => matter[other] - matter[one]);
}

/**
 * How much each column matters: the gradient of the logits at some samples, times the usual spread of the column's features.
 * @param {Page} page
 * @param {Networks} networks of which the first one is looked at
 * @param {Float32Array[]} samples prepared
 * @returns {number[]} one for each control
 */
function influences(page, { shape, parameters }, samples) {
  const { controls, scaled } = page.data.model;
  const own = parameters.subarray(0, shape.parameters);
  const outputs = Math.min(10, shape.layers[shape.layers.length - 1].outputs);
  const most = Math.max(1, Math.floor(INFLUENCE_COST / (shape.parameters * outputs)));
  const sums = controls.map(() => 0);
  for (const features of samples.slice(0, most)) {
    const trace = forward(shape, own, features);
    for (let output = 0; output < outputs; output++) {
      const gradient = inputGradient(shape, own, trace, output);
      controls.forEach((control, at) => { sums[at] += effectOf(control, gradient, scaled); });
    }
  }
  return sums;
}

/** @param {Control} control @param {Float32Array} gradient (I,) @param {boolean} scaled */
function effectOf({ kind, features: [first, count], low, high, unit }, gradient, scaled) {
  if (kind === "number") return Math.abs(gradient[first]) * (scaled ? 1 : ((high - low) * unit) / 4);
  const words = gradient.subarray(first, first + count);
  return (Math.max(...words) - Math.min(...words)) / 2;
}
