// The networks' answers to the page's test samples, and what they come to. The twin of
// gpunet/training/evaluation.py.

import { PageEngine } from "./engine.js";
import { answerLoss, isRight, largestPlace, targetScores } from "./metrics.js";
import { jointOutputs, meanOutputs } from "./network.js";
import { prepared } from "./prepare.js";
import { inOwnUnits, testLabels, testRow } from "./rows.js";
import { deviceSamples } from "./samples.js";

/** @typedef {import("./gpu.js").Gpu} Gpu */
/** @typedef {import("./types.js").Networks} Networks */
/** @typedef {import("./types.js").Page} Page */

/**
 * How the networks in use do on the page's test samples.
 * @typedef {object} Tested
 * @property {Float32Array[]} outputs (m,) of (C,) or (T,), the mean over the networks
 * @property {Float64Array} losses (m,)
 * @property {boolean[]} right (m,) none where targets are measured
 * @property {number} loss the mean
 * @property {number|null} accuracy
 * @property {{r2: number, rmse: number, mae: number}|null} errors of measured targets
 * @property {number[]} labels (m,) the classes; none of labels and measured targets
 * @property {number[]} answers (m,) the classes answered, likewise
 * @property {number[]} worst the samples with the highest loss first; of classes and labels the mistakes alone
 */

/** Milliseconds of work after which the page may draw and hear its reader. */
const SLICE = 8;

/** Multiplications that are quicker in JavaScript than the compiling of shaders. */
const QUICK = 3e8;

/** Resolves when the page has nothing better to do. @returns {Promise<void>} */
function idle() {
  return new Promise((resolve) => {
    if ("requestIdleCallback" in window) window.requestIdleCallback(() => resolve(), { timeout: 100 });
    else setTimeout(resolve, 0);
  });
}

/**
 * Does a piece of work for each of so many items, and lets the page breathe in between.
 * @param {number} count
 * @param {(item: number) => void} work
 * @param {() => boolean} stopped asked after every slice
 * @returns {Promise<boolean>} whether all of it was done
 */
export async function inSlices(count, work, stopped) {
  for (let item = 0; item < count;) {
    await idle();
    if (stopped()) return false;
    const end = performance.now() + SLICE;
    do work(item++); while (item < count && performance.now() < end);
  }
  return true;
}

/**
 * The answers to all test samples: on the GPU if they take long, else in JavaScript, slice by slice.
 * @param {Page} page
 * @param {Networks} networks
 * @param {Gpu|null} gpu
 * @param {() => boolean} stopped
 * @returns {Promise<Float32Array[]|null>} (m,) of (C,) the mean over the networks; null if it was stopped
 */
export async function testOutputs(page, networks, gpu, stopped) {
  const count = page.data.data?.test ?? 0;
  if (gpu !== null && count * networks.parameters.length > QUICK) {
    const found = await testOutputsOnGpu(page, networks, gpu).catch(() => null);  // a lost device, say
    if (stopped()) return null;
    if (found !== null) return found;
  }
  /** @type {Float32Array[]} */
  const outputs = [];
  const done = await inSlices(count, (row) => {
    outputs.push(jointOutputs(networks, prepared(testRow(page, row), page)));
  }, stopped);
  return done ? outputs : null;
}

/** @param {Page} page @param {Networks} networks @param {Gpu} gpu */
async function testOutputsOnGpu(page, { shape, parameters, networks }, gpu) {
  const engine = new PageEngine(page, gpu, { shape, seeds: new Array(networks).fill(0) });
  try {
    engine.load("test", deviceSamples(page, "test"));
    engine.setParameters(parameters);
    const answers = await engine.predict("test");  // (P, m, C)
    const outputs = shape.layers[shape.layers.length - 1].outputs;
    const stride = answers.length / networks;
    return Array.from({ length: stride / outputs }, (_, row) => meanOutputs(
      Array.from({ length: networks }, (_, network) => answers.subarray(network * stride + row * outputs).subarray(0, outputs))));
  } finally {
    engine.close();
  }
}

/** What answers come to. @param {Page} page @param {Float32Array[]} outputs (m,) of (C,) @returns {Tested} */
export function testedOf(page, outputs) {
  const { shape } = page.data.model;
  const labels = outputs.map((_, row) => testLabels(page, row));
  const losses = Float64Array.from(outputs, (output, row) => answerLoss(shape, output, labels[row]));
  const counts = page.blocks.get("test.weights") ?? new Float32Array(outputs.length).fill(1);
  const measured = shape.kind === "measured";
  const right = measured ? [] : outputs.map((output, row) => isRight(shape, output, labels[row]));
  const rows = Array.from(losses.keys()).filter((row) => measured || !right[row]);
  return {
    outputs,
    losses,
    right,
    loss: weightedMean(losses, counts),
    accuracy: measured ? null : weightedMean(right.map(Number), counts),
    errors: measured ? errorsOf(page, outputs, labels, counts) : null,
    labels: shape.kind === "classes" ? labels.map((label) => label[0]) : [],
    answers: shape.kind === "classes" ? outputs.map(largestPlace) : [],
    worst: rows.sort((one, other) => losses[other] - losses[one]),
  };
}

/** @param {ArrayLike<number>} values @param {ArrayLike<number>} counts */
function weightedMean(values, counts) {
  let sum = 0, total = 0;
  for (let row = 0; row < values.length; row++) {
    sum += counts[row] * values[row];
    total += counts[row];
  }
  return sum / total;
}

/** @param {Page} page @param {Float32Array[]} outputs @param {ArrayLike<number>[]} labels @param {ArrayLike<number>} counts */
function errorsOf(page, outputs, labels, counts) {
  const inUnits = (/** @type {ArrayLike<number>[]} */ values) =>
    Float64Array.from(values.flatMap((one) => inOwnUnits(one, page)));
  return targetScores(inUnits(labels), inUnits(outputs), page.data.model.targets.length, counts);
}
