// A bar for each class or label, in a fixed order; if there are many, only the best ones. Measured
// targets get a mark on the range of the training samples.

import { element } from "../dom.js";
import { figureText, percent } from "../formats.js";
import { answerNames, bestFirst } from "../verdict.js";

/** @typedef {import("../types.js").ModelData} ModelData */

const LISTED = 12; // as many as the terminal lists
const DEVIATIONS = 3; // deviations from the mean of the training samples to either end of a range

export class AnswerBars {
  /** @param {ModelData} model */
  constructor(model) {
    this.model = model;
    this.names = answerNames(model);
    this.rows = this.names.slice(0, LISTED).map((text) => {
      const name = element("span", { className: "answer-bar-name", title: text }, text);
      const fill = element("span", { className: "answer-bar-fill" });
      const value = element("span", { className: "answer-bar-value number" });
      const root = element("li", { className: "answer-bar" }, name, element("span", { className: "answer-bar-track" }, fill), value);
      return { root, name, fill, value };
    });
    const what = { classes: "Probability of each class", labels: "Probability of each label", measured: "Predicted values" };
    this.root = element("ul", {
      className: `answer-bars answer-bars-${model.shape.kind}${this.names.length > LISTED ? " answer-bars-many" : ""}`,
      ariaLabel: what[model.shape.kind],
    }, ...this.rows.map(({ root }) => root));
  }

  /** @param {number[]|null} outputs (C,) probabilities, or values in their units; null: none yet @param {number} best the class to emphasize, or -1 */
  show(outputs, best) {
    const isMeasured = this.model.shape.kind === "measured";
    const listed = outputs === null || this.names.length <= LISTED || isMeasured ? this.rows.keys() : bestFirst(outputs);
    const places = [...listed];
    this.rows.forEach(({ root, name, fill, value }, row) => {
      const place = places[row];
      const answer = outputs?.[place];
      root.classList.toggle("answer-bar-best", place === best || (this.model.shape.kind === "labels" && (answer ?? 0) > 0.5));
      name.textContent = name.title = this.names[place];
      value.textContent = answer === undefined ? "" : isMeasured ? figureText(answer) : percent(answer);
      fill.style.setProperty("--share", String(answer === undefined ? 0 : this.share(answer, place)));
    });
  }

  /** The length of a bar or the position of a mark, from 0 to 1. @param {number} answer @param {number} place */
  share(answer, place) {
    const scaling = this.model.targetScaling;
    const part = this.model.shape.kind !== "measured" ? answer
      : scaling === null ? 0 : ((answer - scaling.mean[place]) / scaling.deviation[place] / DEVIATIONS + 1) / 2;
    return Number.isFinite(part) ? Math.min(1, Math.max(0, part)) : 0;
  }
}
