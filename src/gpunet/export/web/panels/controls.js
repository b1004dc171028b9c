// A row of a table by hand: a slider or a choice for each column, and the answer as it changes.

import { actionButton, element, fillPanel } from "../dom.js";
import { counted, figureText } from "../formats.js";
import { columnsByInfluence } from "../influence.js";
import { prepared } from "../prepare.js";
import { inOwnUnits, rawFeatures, rowValues, testLabels, testRow, testSample, usualValues } from "../rows.js";
import { nameText } from "../text.js";
import { verdictOf } from "../verdict.js";
import { AnswerBars } from "./bars.js";
import { ColumnControl } from "./column.js";
import { ColumnCurves } from "./dependence.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../rows.js").Value} Value */
/** @typedef {import("../types.js").Answer} Answer */
/** @typedef {import("../types.js").Sample} Sample */

/** Number of columns that are shown at first. */
const SHOWN_FIRST = 20;

/** Fills the panel if the model takes rows of a table. @param {HTMLElement} root @param {App} app */
export function createControls(root, app) {
  if (app.page.data.model.image === null) new ControlPanel(root, app);
}

class ControlPanel {
  /** @param {HTMLElement} root @param {App} app */
  constructor(root, app) {
    this.app = app;
    const { model } = app.page.data;
    this.controls = model.controls;
    /** @type {Value[]} */
    this.values = usualValues(this.controls);
    /** @type {Sample|null} that this panel shows itself */
    this.own = null;
    this.columns = this.controls.map((control, at) => new ColumnControl(control, (value) => this.set(at, value)));
    this.order = columnsByInfluence(app.page, app.networks);
    this.bars = new AnswerBars(model);
    this.word = element("p", { className: "controls-answer" });
    this.detail = element("p", { className: "quiet small controls-detail" });
    const aside = element("div", { className: "controls-aside" }, this.word, this.detail, this.bars.root, this.buttons());
    fillPanel(root, "Set a row", element("div", { className: "controls-parts" }, this.columnArea(), aside));
    this.curves = new ColumnCurves(app, this.columns);
    app.on("sample", (sample) => this.hear(sample));
    app.on("answer", (answer) => this.answered(answer));
    if (this.controls.length > 0) setTimeout(() => this.send(), 0);  // once all panels listen
  }

  /** The columns, with a search field if there are many. */
  columnArea() {
    if (this.controls.length === 0) {
      const inputs = this.app.page.data.model.shape.layers[0].inputs;
      return element("p", { className: "quiet" }, `The model takes ${counted(inputs)} features, too many to set by hand; take a test row.`);
    }
    const guessed = this.controls.some((control) => control.guessed);
    const list = element("div", { className: "columns" }, ...this.order.map((at) => this.columns[at].root));
    return element("div", { className: "columns-area" },
      guessed ? element("p", { className: "quiet small" }, "The page holds no samples: sliders reach three deviations to either side of the mean.") : null,
      this.controls.length > SHOWN_FIRST ? this.finder() : null, list);
  }

  /** A search field, and a button that shows all columns. */
  finder() {
    let all = false;
    const count = counted(this.controls.length);
    const search = element("input", { type: "search", placeholder: `Find one of ${count} columns`, "aria-label": "Find a column" });
    const note = element("p", { className: "quiet small", role: "status" });
    const apply = () => {
      const words = search.value.trim().toLowerCase();
      let shown = 0;
      this.order.forEach((at, place) => {
        const fits = words === "" ? all || place < SHOWN_FIRST : this.controls[at].name.toLowerCase().includes(words);
        this.columns[at].root.hidden = !fits;
        shown += Number(fits);
      });
      button.textContent = all ? `Show the first ${SHOWN_FIRST}` : `Show all ${count}`;
      button.hidden = words !== "";
      note.textContent = words === "" && !all ? `The ${SHOWN_FIRST} columns that matter most to the answer.` : `${counted(shown)} of ${count} columns.`;
      this.curves?.later(this.values);
    };
    const button = actionButton("", () => {
      all = !all;
      apply();
    });
    search.addEventListener("input", apply);
    apply();
    return element("div", { className: "columns-finder" }, search, button, note);
  }

  buttons() {
    const { data } = this.app.page.data;
    const take = actionButton("Take a test row", () => {
      this.app.show(testSample(this.app.page, Math.floor(Math.random() * (data?.test ?? 0))));
    });
    const reset = actionButton("Reset", () => {
      this.values = usualValues(this.controls);
      this.send();
    });
    return element("div", { className: "controls-buttons" },
      data?.test ? take : null, this.controls.length > 0 ? reset : null);
  }

  /** @param {number} at the control's number @param {Value} value */
  set(at, value) {
    this.values[at] = value;
    this.send();
  }

  /** Requests the answer to the row as it is set. */
  send() {
    const features = prepared(rawFeatures(this.controls, this.values), this.app.page);
    this.own = { features, picture: null, label: null, from: "controls", blank: false };
    this.columns.forEach((column, at) => column.show(this.values[at]));
    this.app.show(this.own);
  }

  /** Shows a chosen test row. @param {Sample} sample */
  hear(sample) {
    if (sample.row === undefined || this.controls.length === 0) return;
    this.values = rowValues(this.controls, testRow(this.app.page, sample.row));
    this.columns.forEach((column, at) => column.show(this.values[at]));
  }

  /** @param {Answer} answer */
  answered(answer) {
    const { model } = this.app.page.data;
    const outputs = inOwnUnits(answer.outputs, this.app.page);
    const { word, detail, best } = verdictOf(outputs, model);
    this.word.replaceChildren(element("bdi", { title: word }, word));
    this.detail.replaceChildren(element("bdi", {}, this.known(answer.sample) ?? detail));
    this.bars.show(outputs, best);
    this.curves.later(this.values);
  }

  /** A test row's true class or values, in words. @param {Sample} sample */
  known({ row }) {
    if (row === undefined) return null;
    const { page } = this.app;
    const { classes, shape, targets } = page.data.model;
    const labels = testLabels(page, row);
    const told = shape.kind === "classes" ? nameText(classes[labels[0]])
      : shape.kind === "measured" ? inOwnUnits(labels, page).map(figureText).join(", ")
        : targets.filter((_, at) => labels[at] > 0.5).map(nameText).join(", ") || "none";
    return `Test row ${counted(row + 1)}; it is ${told}`;
  }
}
