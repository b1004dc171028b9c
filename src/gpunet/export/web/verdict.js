// What a network's answer says in words.

import { figureText, percent } from "./formats.js";
import { nameText } from "./text.js";

/** @typedef {import("./types.js").ModelData} ModelData */
/** @typedef {{word: string, detail: string, best: number}} Verdict best: the place of the predicted class; -1 for none */

// Below this an answer is a toss-up: of 20,000 drawn digits a small network gave 4 % a best class of
// less, which was right for 49 % of them, and one of the best two for 81 %; of the others 94 % were right.
const SURE = 0.6;

/** What stands for a sample that has none of the labels. */
const NO_LABEL = "none";

/** The places of the values, the greatest first; what is no number counts as zero. @param {ArrayLike<number>} outputs */
export function bestFirst(outputs) {
  const known = Array.from(outputs, (value) => (Number.isFinite(value) ? value : 0));
  return Array.from(known.keys()).sort((one, other) => known[other] - known[one]);
}

/** The names of what is answered: classes, labels or measured targets. @param {ModelData} model */
export function answerNames(model) {
  return model.classes.length > 0 ? model.classes : model.targets;
}

/** @param {number[]} outputs (C,) probabilities, or measured values in their units @param {ModelData} model @returns {Verdict} */
export function verdictOf(outputs, model) {
  if (!outputs.every(Number.isFinite)) {
    return { word: "No answer", detail: "some outputs are no numbers: the network has diverged", best: -1 };
  }
  const names = answerNames(model).map(nameText);
  const { kind } = model.shape;
  if (kind === "measured") {
    if (outputs.length === 1) return { word: figureText(outputs[0]), detail: names[0], best: -1 };
    const [word, ...others] = names.map((name, at) => `${name} ${figureText(outputs[at])}`);
    return { word, detail: others.join(", "), best: -1 };
  }
  if (kind === "labels") {
    const there = names.filter((_, at) => outputs[at] > 0.5);
    const share = outputs.reduce((product, one) => product * Math.max(one, 1 - one), 1);
    return { word: there.join(", ") || NO_LABEL, detail: percent(share), best: -1 };
  }
  const [best, second] = bestFirst(outputs);
  if (outputs[best] < SURE) {
    const word = second === undefined ? "Unsure" : `Unsure: ${names[best]} or ${names[second]}?`;
    return { word, detail: [best, second].filter((at) => at !== undefined).map((at) => percent(outputs[at])).join(" and "), best };
  }
  return { word: names[best], detail: percent(outputs[best]), best };
}

/** Whether a verdict on classes is a doubtful one. @param {number[]} outputs @param {ModelData} model */
export function isUnsure(outputs, model) {
  return model.shape.kind === "classes" && !outputs.some((share) => share >= SURE);
}
