// The outputs of one network as bars; a radio button in each row chooses the output to explain.

import { element } from "../dom.js";
import { percent, shortNumber } from "../formats.js";

/** @typedef {import("../types.js").ModelData} ModelData */

const ROWS = 12; // if there are more outputs, the strongest are shown
const REACH = 3; // standard deviations from the mean of measured targets to the end of a bar

export class OutputRows {
  /** @param {ModelData} model @param {string[]} names @param {(output: number) => void} chosen @param {(output: number) => void} pointed */
  constructor(model, names, chosen, pointed) {
    this.model = model;
    this.names = names;
    this.width = 132 + Math.min(120, 8 * Math.max(...names.map(({ length }) => length))); // at least, beside the layers
    /** @type {number[]} the output that each row shows */
    this.shown = names.slice(0, ROWS).map((_, output) => output);
    /** @type {[number, number][]} */
    this.centers = [];
    this.rows = this.shown.map((_, row) => {
      const radio = element("input", { type: "radio", name: "think-output", className: "think-radio" });
      radio.addEventListener("change", () => chosen(this.shown[row]));
      const name = element("span", { className: "think-output-name" });
      const fill = element("span", { className: "think-output-fill" });
      const value = element("data", { className: "think-output-value number" });
      const root = element("label", { className: "think-output" }, radio, name, element("span", { className: "think-output-track" }, fill), value);
      root.addEventListener("pointerenter", () => pointed(this.shown[row]));
      radio.addEventListener("focus", () => { if (radio.matches(":focus-visible")) pointed(this.shown[row]); });
      return { root, radio, name, fill, value };
    });
    this.root = element("div", { className: "think-outputs", role: "radiogroup", ariaLabel: "The output that is explained" },
      ...this.rows.map(({ root }) => root));
  }

  /** @param {Float32Array|null} outputs (C,) @param {number} chosen */
  show(outputs, chosen) {
    if (this.names.length > ROWS && outputs !== null) this.shown = this.strongest(outputs, chosen);
    this.rows.forEach(({ root, radio, name, fill, value }, row) => {
      const output = this.shown[row];
      const number = outputs?.[output] ?? null;
      if (name.textContent !== this.names[output]) name.textContent = name.title = this.names[output];
      radio.checked = output === chosen;
      root.classList.toggle("think-chosen", output === chosen);
      value.value = number === null ? "" : String(number);
      value.textContent = number === null ? "" : this.text(number, output);
      const share = number === null ? 0 : this.model.shape.kind === "measured" ? Math.abs(number) / REACH : number;
      fill.classList.toggle("think-minus", share > 0 && number !== null && number < 0);
      fill.style.setProperty("--share", String(Math.min(1, share)));
    });
  }

  /** The strongest outputs and the chosen one. @param {Float32Array} outputs @param {number} chosen */
  strongest(outputs, chosen) {
    const sorted = [...outputs.keys()].sort((one, other) => outputs[other] - outputs[one]).slice(0, ROWS);
    if (!sorted.includes(chosen)) sorted[ROWS - 1] = chosen;
    return sorted;
  }

  /** @param {number} number @param {number} output */
  text(number, output) {
    if (this.model.shape.kind !== "measured") return percent(number);
    const scaling = this.model.targetScaling;
    return shortNumber(scaling === null ? number : number * scaling.deviation[output] + scaling.mean[output]);
  }

  /** Remembers the positions of the rows. */
  measure() {
    const group = this.root.getBoundingClientRect();
    this.centers = this.rows.map(({ root }) => {
      const box = root.getBoundingClientRect();
      return [box.left - group.left - 1, box.top - group.top + box.height / 2];
    });
  }

  /** Where connections into an output end. @param {number} output @returns {[number, number]} */
  center(output) {
    return this.centers[Math.max(0, this.shown.indexOf(output))];
  }
}
