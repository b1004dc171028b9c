// How the answer changes along each column of a table while all others stay as they are set.

import { figureText, percent } from "../formats.js";
import { largestPlace } from "../metrics.js";
import { jointOutputs } from "../network.js";
import { prepared } from "../prepare.js";
import { inOwnUnits, rawFeatures } from "../rows.js";
import { inSlices } from "../testing.js";
import { nameText } from "../text.js";
import { answerNames } from "../verdict.js";
import { svgElement } from "./scatter.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../rows.js").Value} Value */
/** @typedef {import("./column.js").ColumnControl} ColumnControl */

/** Values of a number at which the answer is computed. */
const POINTS = 32;

/** Milliseconds that a row stays as it is before the curves follow. */
const ROW_SETTLED = 120;

const CURVE_WIDTH = 100, CURVE_HEIGHT = 24, CURVE_EDGE = 2;

/** What a curve goes through. @typedef {{column: ColumnControl, values: Value[], answers: number[]}} Curve */

export class ColumnCurves {
  /** @param {App} app @param {ColumnControl[]} columns */
  constructor(app, columns) {
    this.app = app;
    this.columns = columns;
    this.timer = 0;
    this.run = 0;
  }

  /** Draw them anew once the row is at rest. @param {Value[]} values of the row */
  later(values) {
    clearTimeout(this.timer);
    this.run++;
    this.timer = setTimeout(() => void this.compute([...values]), ROW_SETTLED);
  }

  /** @param {Value[]} values */
  async compute(values) {
    const { run, app: { page, networks } } = this;
    const { controls, shape } = page.data.model;
    const outputs = jointOutputs(networks, prepared(rawFeatures(controls, values), page));
    const place = shape.kind === "measured" ? 0 : largestPlace(outputs);
    const answer = (/** @type {Value[]} */ row) => {
      const found = jointOutputs(networks, prepared(rawFeatures(controls, row), page));
      return inOwnUnits(found, page)[place];
    };
    /** @type {Curve[]} */
    const curves = [];
    const shown = this.columns.filter((column) => !column.root.hidden);
    const done = await inSlices(shown.length * POINTS, (at) => {
      const column = shown[Math.floor(at / POINTS)], point = at % POINTS;
      if (point === 0) curves.push({ column, values: curveValues(column), answers: [] });
      const { values: along, answers } = curves[curves.length - 1];
      if (point < along.length) answers.push(answer(controls.map((one, place) => (one === column.control ? along[point] : values[place]))));
    }, () => run !== this.run);
    if (done) this.draw(curves, values, place);
  }

  /** @param {Curve[]} curves @param {Value[]} values of the row @param {number} place of the answer that is followed */
  draw(curves, values, place) {
    const { model } = this.app.page.data;
    const measured = model.shape.kind === "measured";
    const all = curves.flatMap(({ answers }) => answers).filter(Number.isFinite);
    const low = measured ? all.reduce((one, other) => Math.min(one, other), Infinity) : 0;
    const high = measured ? all.reduce((one, other) => Math.max(one, other), -Infinity) : 1;
    const told = measured ? figureText : percent;
    const name = nameText(answerNames(model)[place]);
    for (const { column, values: along, answers } of curves) {
      const { control } = column;
      const words = `${name} goes from ${told(Math.min(...answers))} to ${told(Math.max(...answers))} along ${nameText(control.name)}`;
      const across = (/** @type {number} */ value) => CURVE_WIDTH * (value - control.low) / (control.high - control.low || 1);
      const up = (/** @type {number} */ one) => CURVE_EDGE + (CURVE_HEIGHT - 2 * CURVE_EDGE) * (1 - (one - low) / (high - low || 1));
      const points = along.map((value, at) => `${across(value ?? 0).toFixed(2)} ${up(answers[at]).toFixed(2)}`);
      const now = values[this.app.page.data.model.controls.indexOf(control)];
      const drawing = svgElement("svg", { viewBox: `0 0 ${CURVE_WIDTH} ${CURVE_HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": words });
      drawing.append(svgElement("title", {}, words));
      drawing.append(control.kind === "number"
        ? svgElement("path", { class: "curve-line", d: `M${points.join("L")}` })
        : svgElement("path", { class: "curve-dots", d: points.map((point) => `M${point}h0`).join("") }));
      if (now !== null) drawing.append(svgElement("path", { class: "curve-now", d: `M${across(now)} 0V${CURVE_HEIGHT}` }));
      column.curve.replaceChildren(drawing);
    }
  }
}

/** The values at which a column's curve is computed. @param {ColumnControl} column @returns {Value[]} */
function curveValues({ control: { kind, choices, low, high } }) {
  if (kind === "choice") return [...choices.keys()].slice(0, POINTS);
  return Array.from({ length: low < high ? POINTS : 1 }, (_, point) => low + (high - low) * point / (POINTS - 1));
}
