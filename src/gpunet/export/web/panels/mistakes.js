// Test samples to look at: pictures, or rows of a table; a click puts one on the canvas.

import { actionButton, element } from "../dom.js";
import { counted, figureText, percent } from "../formats.js";
import { largestPlace } from "../metrics.js";
import { paintGrey } from "../pictures.js";
import { inOwnUnits, pixelsOf, rowValues, testLabels, testRow } from "../rows.js";
import { nameElement, nameText } from "../text.js";

/** @typedef {import("../testing.js").Tested} Tested */
/** @typedef {import("../types.js").Control} Control */
/** @typedef {import("../types.js").ModelData} ModelData */
/** @typedef {import("../types.js").Numbers} Numbers */
/** @typedef {import("../types.js").Page} Page */

/** Pictures, and rows of a table, that are shown at first and added on demand. */
const PICTURES_AT_ONCE = 24, ROWS_AT_ONCE = 10;

/** Columns of a table beside the answer. */
const COLUMNS_SHOWN = 6;

/** The true and the given answer of a sample, in words. @typedef {{label: string, answer: string, sure: string}} Told */

/** A list of samples, the first ones at first. */
export class SampleList {
  /**
   * @param {Page} page
   * @param {Control[]} columns of a table, those that matter most first
   * @param {(row: number) => void} chosen is called with the chosen sample
   */
  constructor(page, columns, chosen) {
    this.page = page;
    this.columns = columns.slice(0, COLUMNS_SHOWN);
    this.chosen = chosen;
    this.atOnce = page.data.model.image === null ? ROWS_AT_ONCE : PICTURES_AT_ONCE;
    this.shown = this.atOnce;
    /** @type {number[]} */
    this.rows = [];
    /** @type {Tested|null} */
    this.tested = null;
    this.content = element("div", { className: page.data.model.image === null ? "samples-scroll" : "samples" });
    this.more = actionButton("", () => {
      this.shown += this.atOnce;
      this.draw();
    }, { hidden: true });
    this.root = element("div", {}, this.content, this.more);
  }

  /** @param {Tested} tested @param {number[]} rows */
  show(tested, rows) {
    this.tested = tested;
    this.rows = rows;
    this.shown = this.atOnce;
    this.draw();
  }

  draw() {
    const rows = this.rows.slice(0, this.shown);
    this.content.replaceChildren(...(this.page.data.model.image === null ? [this.table(rows)] : rows.map((row) => this.picture(row))));
    const left = this.rows.length - rows.length;
    this.more.hidden = left === 0;
    this.more.textContent = `Show ${counted(Math.min(left, this.atOnce))} more of ${counted(left)}`;
  }

  /** @param {number} row */
  picture(row) {
    const told = this.told(row);
    const [height, width] = /** @type {[number, number]} */ (this.page.data.model.image);
    const picture = element("canvas", { width, height, className: "sample-picture" });
    paintGrey(picture, pixelsOf(testRow(this.page, row), this.page));
    const button = element("button", { type: "button", className: "sample", "aria-label": this.sentence(row, told) },
      picture,
      element("span", { className: "sample-answer" }, nameElement(told.label), element("span", { "aria-hidden": "true" }, " → "), nameElement(told.answer)),
      element("span", { className: "quiet number" }, told.sure));
    button.addEventListener("click", () => this.chosen(row));
    return button;
  }

  /** @param {number[]} rows */
  table(rows) {
    const measured = this.page.data.model.shape.kind === "measured";
    const titles = ["Sample", measured ? "Target" : "Label", "Answer", measured ? "Error" : "Sure"];
    const header = element("tr", {}, ...titles.map((title) => element("th", { scope: "col" }, title)),
      ...this.columns.map((column) => element("th", { scope: "col" }, nameElement(column.name))));
    return element("table", { className: "samples-table" }, element("thead", {}, header),
      element("tbody", {}, ...rows.map((row) => this.tableRow(row))));
  }

  /** @param {number} row */
  tableRow(row) {
    const told = this.told(row);
    const button = actionButton(counted(row + 1), () => this.chosen(row), { "aria-label": this.sentence(row, told) });
    const cells = [told.label, told.answer].map((text) => element("td", {}, nameElement(text)));
    const values = rowValues(this.columns, testRow(this.page, row));
    return element("tr", {}, element("th", { scope: "row" }, button), ...cells, element("td", { className: "number" }, told.sure),
      ...this.columns.map((column, at) => element("td", { className: "number" }, nameElement(valueText(column, values[at])))));
  }

  /** @param {number} row @param {Told} told */
  sentence(row, { label, answer, sure }) {
    const { image, shape } = this.page.data.model;
    const answered = shape.kind === "measured" ? `answer ${answer}, error ${sure}` : `answered ${nameText(answer)} with ${sure}`;
    return `Test sample ${counted(row + 1)}, ${nameText(label)}, ${answered}: put it ${image === null ? "into the controls" : "on the canvas"}`;
  }

  /** @param {number} row @returns {Told} */
  told(row) {
    const output = /** @type {Tested} */ (this.tested).outputs[row];
    return toldOf(this.page, output, testLabels(this.page, row));
  }
}

/** @param {Page} page @param {Float32Array} output (C,) @param {Numbers} labels @returns {Told} */
function toldOf(page, output, labels) {
  const { classes, shape, targets } = page.data.model;
  if (shape.kind === "classes") {
    const answer = largestPlace(output);
    return { label: classes[labels[0]], answer: classes[answer], sure: percent(output[answer]) };
  }
  if (shape.kind === "measured") {
    const target = inOwnUnits(labels, page), answer = inOwnUnits(output, page);
    const errors = answer.map((value, at) => value - target[at]);
    return { label: listText(target.map(figureText)), answer: listText(answer.map(figureText)), sure: listText(errors.map(figureText)) };
  }
  const wanted = targets.filter((_, at) => labels[at] > 0.5), found = targets.filter((_, at) => output[at] > 0.5);
  const farthest = largestPlace(output.map((share, at) => Math.abs(share - labels[at])));
  return { label: listText(wanted), answer: listText(found), sure: `${nameText(targets[farthest])} ${percent(output[farthest])}` };
}

/** @param {string[]} names */
function listText(names) {
  return names.length === 0 ? "none" : names.map(nameText).join(", ");
}

/** The value of a table's column, in words. @param {Control} control @param {number|null} value */
export function valueText(control, value) {
  if (control.kind === "number") return value === null ? "missing" : figureText(value);
  if (value === null) return control.missing && !control.choices.includes("") ? "missing or another" : "another word";
  return control.choices[value] === "" ? "missing" : control.choices[value];
}
