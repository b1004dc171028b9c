// Teaches a network one drawing: trains with the drawing among the samples until the answer is right,
// and reports what changed.

import { percent } from "../formats.js";
import { largestPlace } from "../metrics.js";
import { meanWay } from "../session.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../gpu.js").Gpu} Gpu */
/** @typedef {import("../session.js").Session} Session */
/** @typedef {import("../training.js").Training} Training */
/** @typedef {import("../types.js").Sample} Sample */

const MOST_EPOCHS = 5;

/** Probability from which the drawing counts as learned. */
const LEARNED = 0.6;

/**
 * Trains for a few epochs with a sample among the others.
 * @param {App} app
 * @param {Gpu} gpu
 * @param {Session} session whose weights are put into use after each epoch
 * @param {Sample} sample
 * @param {number} label
 * @returns {Promise<string>} what changed, in a sentence
 */
export async function lesson(app, gpu, session, sample, label) {
  const before = lessonAnswer(app, sample);
  const training = await session.open(gpu);
  const accuracyBefore = latestAccuracy(session) ?? (await testedAccuracy(training));
  training.teach(sample.features, label);
  const epochs = await trainUntilLearned(app, gpu, session, sample, label);
  const now = lessonAnswer(app, sample);
  const outcome = now.isRight(label) ? "Learned" : "Not learned yet";
  const accuracy = latestAccuracy(session);
  const tested = accuracy === null || accuracyBefore === null ? "" : `; test accuracy ${percent(accuracy)}, before ${percent(accuracyBefore)}`;
  return `${outcome} after ${epochs === 1 ? "an epoch" : `${epochs} epochs`}: now ${now.text}, before ${before.text}${tested}.`;
}

/** Trains until the sample is learned or the reader pauses; returns the number of epochs, without the rest of one that began without the sample. @param {App} app @param {Gpu} gpu @param {Session} session @param {Sample} sample @param {number} label */
async function trainUntilLearned(app, gpu, session, sample, label) {
  const epochEnds = (/** @type {import("../training.js").Progress} */ { ended }) => ended;
  if (session.ways[0].live !== null) await session.train(gpu, epochEnds);
  for (let epoch = 1; ; epoch++) {
    await session.train(gpu, epochEnds);
    const paused = session.closed || session.ways[0].live !== null;
    if (paused || epoch === MOST_EPOCHS || lessonAnswer(app, sample).isRight(label)) return epoch;
  }
}

/** @param {App} app @param {Sample} sample */
function lessonAnswer(app, sample) {
  const { outputs } = app.answerTo(sample);
  const best = largestPlace(outputs);
  return {
    text: `${app.page.data.model.classes[best]} with ${percent(outputs[best], 0)}`,
    isRight: (/** @type {number} */ label) => best === label && outputs[label] >= LEARNED,
  };
}

/** Test accuracy after the latest epoch, the mean over the networks. @param {Session} session */
function latestAccuracy({ ways }) {
  return meanWay(ways).test.at(-1)?.score ?? null;
}

/** Test accuracy before the first epoch. @param {Training} training */
async function testedAccuracy(training) {
  if (training.testSamples === null) return null;
  const { accuracies } = await training.scores(training.testSamples);
  return accuracies && accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / accuracies.length;
}
