// Predictions against measured targets; exact predictions lie on the diagonal.

import { element, menuOf } from "../dom.js";
import { figureText } from "../formats.js";
import { inOwnUnits, testLabels } from "../rows.js";
import { nameText } from "../text.js";

/** @typedef {import("../testing.js").Tested} Tested */
/** @typedef {import("../types.js").Page} Page */

const SVG = "http://www.w3.org/2000/svg";
const SIDE = 400, LEFT = 64, BOTTOM = 40, EDGE = 10;

/** Samples whose errors are marked. */
const MARKED = 10;

/** An element of a drawing. @param {string} tag @param {Record<string, string|number>} attributes @param {string} [text] */
export function svgElement(tag, attributes, text = "") {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.textContent = text;
  return made;
}

export class Scatter {
  /** @param {Page} page @param {(row: number) => void} chosen is called with the chosen sample */
  constructor(page, chosen) {
    this.page = page;
    this.chosen = chosen;
    this.target = 0;
    /** @type {Tested|null} */
    this.tested = null;
    /** @type {[number, number][]} */
    this.points = [];
    this.drawing = svgElement("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, class: "scatter", role: "img" });
    this.drawing.addEventListener("click", (event) => this.choose(/** @type {MouseEvent} */ (event)));
    const { targets } = page.data.model;
    const choice = menuOf(Object.entries(targets.map(nameText)));
    choice.addEventListener("change", () => {
      this.target = Number(choice.value);
      this.draw();
    });
    const label = element("label", { className: "scatter-target" }, "Target ", choice);
    this.root = element("div", {}, targets.length > 1 ? label : null, this.drawing,
      element("p", { className: "quiet small" }, "Each dot is a test sample; on the line the answer is right. A click looks at the nearest one."));
  }

  /** @param {Tested} tested */
  show(tested) {
    this.tested = tested;
    this.draw();
  }

  draw() {
    if (this.tested === null) return;
    const pairs = this.tested.outputs.map((output, row) => /** @type {[number, number]} */ (
      [testLabels(this.page, row), output].map((values) => inOwnUnits(values, this.page)[this.target])));
    const values = pairs.flat().filter(Number.isFinite);
    const low = values.reduce((one, other) => Math.min(one, other), Infinity);
    const high = values.reduce((one, other) => Math.max(one, other), -Infinity);
    const share = (/** @type {number} */ value) => (value - low) / (high - low || 1);
    const across = SIDE - LEFT - EDGE, along = SIDE - BOTTOM - EDGE;
    this.points = pairs.map(([target, answer]) => [LEFT + across * share(target), SIDE - BOTTOM - along * share(answer)]);
    const dots = (/** @type {[number, number][]} */ points) => points.filter((point) => point.every(Number.isFinite))
      .map(([x, y]) => `M${x.toFixed(1)} ${y.toFixed(1)}h0`).join("");
    const worst = this.tested.worst.slice(0, MARKED).map((row) => this.points[row]);
    const name = nameText(this.page.data.model.targets[this.target]);
    this.drawing.setAttribute("aria-label", `${name}: targets against answers of ${pairs.length} test samples, from ${figureText(low)} to ${figureText(high)}`);
    this.drawing.replaceChildren(
      svgElement("path", { class: "scatter-axes", d: `M${LEFT} ${EDGE}V${SIDE - BOTTOM}H${SIDE - EDGE}` }),
      svgElement("path", { class: "scatter-right", d: `M${LEFT} ${SIDE - BOTTOM}L${SIDE - EDGE} ${EDGE}` }),
      svgElement("path", { class: "scatter-dots", d: dots(this.points) }),
      svgElement("path", { class: "scatter-dots worst", d: dots(worst) }),
      ...axisTexts(figureText(low), figureText(high)),
    );
  }

  /** @param {MouseEvent} event */
  choose(event) {
    const box = this.drawing.getBoundingClientRect();
    const x = (event.clientX - box.left) * SIDE / box.width, y = (event.clientY - box.top) * SIDE / box.height;
    const distances = this.points.map(([left, top]) => Math.hypot(left - x, top - y));
    const nearest = distances.indexOf(distances.reduce((one, other) => Math.min(one, other), Infinity));
    if (nearest >= 0) this.chosen(nearest);
  }
}

/** What stands at the axes. @param {string} low @param {string} high */
function axisTexts(low, high) {
  const text = (/** @type {string} */ words, /** @type {Record<string, string|number>} */ place) =>
    svgElement("text", { class: "scatter-text", ...place }, words);
  const below = SIDE - BOTTOM + 18;
  return [
    text(low, { x: LEFT, y: below }),
    text(high, { x: SIDE - EDGE, y: below, "text-anchor": "end" }),
    text("target", { x: (SIDE + LEFT) / 2, y: SIDE - 6, "text-anchor": "middle" }),
    text(low, { x: LEFT - 6, y: SIDE - BOTTOM, "text-anchor": "end" }),
    text(high, { x: LEFT - 6, y: EDGE + 10, "text-anchor": "end" }),
    text("answer", { x: 14, y: (SIDE - BOTTOM) / 2, "text-anchor": "middle", transform: `rotate(-90 14 ${(SIDE - BOTTOM) / 2})` }),
  ];
}
