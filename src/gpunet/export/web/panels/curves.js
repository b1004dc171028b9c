// A chart of curves over epochs that is read by pointer, by keys and by screen readers: a crosshair
// snaps to the points, and the values under it stand in the legend, else the latest ones.

import { drawCurves, drawnAnew, nearest, oncePerPicture, valueAt } from "../charts.js";
import { element } from "../dom.js";

/** @typedef {import("../charts.js").Axis} Axis */
/** @typedef {import("../charts.js").Series} Series */

/**
 * What a chart shows now.
 * @typedef {object} CurvesContent
 * @property {{x: number, y: number}[][]} points of each curve
 * @property {Axis} x
 * @property {Axis} y
 * @property {{x: number, y: number}|null} mark
 */

export class Curves {
  /**
   * @param {string} title
   * @param {{name: string, color: string, dashed: boolean}[]} kinds of the curves
   * @param {{value: (value: number) => string, tick: (value: number) => string}} texts
   */
  constructor(title, kinds, texts) {
    this.title = title;
    this.kinds = kinds;
    this.texts = texts;
    /** @type {CurvesContent} */
    this.content = { points: kinds.map(() => []), x: { low: 0, high: 5, log: false }, y: { low: 0, high: 1, log: false }, mark: null };
    /** The epoch under the crosshair. @type {number|null} */
    this.cursor = null;
    this.values = kinds.map(() => element("span", { className: "curves-value number" }, "–"));
    this.where = element("span", { className: "curves-where number quiet" });
    this.canvas = element("canvas", { className: "curves-canvas", tabIndex: 0, role: "slider", "aria-label": `${title} by epoch` });
    const legend = kinds.map((kind, place) => {
      const line = element("span", { className: kind.dashed ? "curves-line curves-dashed" : "curves-line", "aria-hidden": "true" });
      line.style.borderColor = `var(${kind.color})`;
      return element("span", { className: "curves-key" }, line, `${kind.name} `, this.values[place]);
    });
    this.node = element("figure", { className: "curves" },
      element("figcaption", { className: "curves-head" }, element("span", { className: "curves-title" }, title), this.where,
        element("span", { className: "curves-keys" }, ...legend)), this.canvas);
    this.draw = oncePerPicture(() => this.drawNow());
    drawnAnew(this.canvas, this.draw);
    this.listen();
    this.tell();
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointermove", (event) => this.point(valueAt(canvas, this.content.x, event.offsetX)));
    canvas.addEventListener("pointerdown", (event) => this.point(valueAt(canvas, this.content.x, event.offsetX)));
    canvas.addEventListener("pointerleave", () => this.point(null));
    canvas.addEventListener("focus", () => { if (canvas.matches(":focus-visible")) this.point(this.content.x.high); });
    canvas.addEventListener("blur", () => this.point(null));
    canvas.addEventListener("keydown", (event) => {
      const places = this.places();
      const at = places.findIndex(({ x }) => x === this.cursor);
      const last = places.length - 1;
      const next = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, Home: 0, End: last }[event.key];
      if (next === undefined || last < 0) return;
      event.preventDefault();
      this.point(places[Math.min(last, Math.max(0, next))].x);
    });
  }

  /** All places of the x axis where a curve has a point, in rising order. */
  places() {
    const all = new Set(this.content.points.flat().map(({ x }) => x));
    return [...all].sort((a, b) => a - b).map((x) => ({ x }));
  }

  /** Moves the crosshair to the point nearest to an epoch. @param {number|null} epoch */
  point(epoch) {
    const near = epoch === null ? null : nearest(this.places(), epoch);
    this.cursor = near === null ? null : near.x;
    this.tell();
    this.draw();
  }

  /** @param {CurvesContent} content */
  show(content) {
    this.content = content;
    if (this.cursor !== null) this.cursor = nearest(this.places(), this.cursor)?.x ?? null;
    this.tell();
    this.draw();
  }

  /** Writes the values under the crosshair, or the latest ones. */
  tell() {
    const { points } = this.content;
    const latest = this.places().at(-1)?.x ?? 0;
    const at = this.cursor;
    const shown = points.map((curve) => (at === null ? curve.at(-1) : curve.find(({ x }) => x === at))?.y ?? NaN);
    shown.forEach((value, place) => { this.values[place].textContent = this.texts.value(value); });
    this.where.textContent = at === null ? "" : `epoch ${epochText(at)}`;
    const said = this.kinds.map(({ name }, place) => `${name} ${this.texts.value(shown[place])}`).join(", ");
    const slider = { "aria-valuemin": 0, "aria-valuemax": latest, "aria-valuenow": at ?? latest,
      "aria-valuetext": latest === 0 ? "nothing trained yet" : `epoch ${epochText(at ?? latest)}: ${said}` };
    for (const [name, value] of Object.entries(slider)) this.canvas.setAttribute(name, String(value));
  }

  drawNow() {
    const { points, x, y, mark } = this.content;
    const series = this.kinds.map((kind, place) => ({ ...kind, points: points[place] }));
    drawCurves(this.canvas, series, { x, y, mark, cursor: this.cursor, label: this.texts.tick });
  }
}

/** @param {number} epoch */
function epochText(epoch) {
  return Number.isInteger(epoch) ? String(epoch) : epoch.toFixed(1);
}
