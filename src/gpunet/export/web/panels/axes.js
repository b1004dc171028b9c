// Ranges of axes for a training: round numbers around the measured values, so that an axis rarely
// changes and curves do not move while they are read.

import { roundNumber } from "../charts.js";

/** @typedef {import("../charts.js").Axis} Axis */

/** @param {number} epochs that have begun @returns {Axis} */
export function epochAxis(epochs) {
  const high = [5, 10, 20, 30, 50, 100].find((most) => most >= epochs) ?? Math.ceil(epochs / 100) * 100;
  return { low: 0, high, log: false };
}

/**
 * From zero, or for a logarithmic axis from a power of ten.
 * @param {number[]} losses
 * @param {boolean} log
 * @returns {Axis}
 */
export function lossAxis(losses, log) {
  const finite = losses.filter((loss) => Number.isFinite(loss) && loss > 0).sort((a, b) => a - b);
  if (finite.length === 0) return { low: log ? 0.01 : 0, high: 1, log };
  const high = roundNumber(finite[finite.length - 1]);
  const power = Math.min(Math.floor(Math.log10(finite[0])), Math.ceil(Math.log10(high)) - 1);
  return { low: log ? 10 ** power : 0, high, log };
}

/** The axis of accuracies or R2, up to 1. @param {number[]} scores @returns {Axis} */
export function scoreAxis(scores) {
  const least = Math.min(1, ...scores.filter(Number.isFinite));
  return { low: [0.9, 0.8, 0.5, 0].find((low) => low <= least) ?? -1, high: 1, log: false };
}
