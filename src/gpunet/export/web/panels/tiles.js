// A layer as tiles, one small square a unit, drawn into one canvas: a thousand elements would be slow.
// The keyboard moves a ring among them; to a screen reader the layer is a slider from unit to unit.

import { element } from "../dom.js";
import { shadeOf } from "./diverging.js";

/** @typedef {import("./diverging.js").Shades} Shades */

const UNSEEN = 255; // no shade

/**
 * How tiles fill a box: few lines of large squares rather than many of small ones.
 * @param {number} units
 * @param {number} length of a line, in pixels
 * @param {number} depth of all lines
 * @param {number} most the longest side of a square
 * @returns {{lines: number, inLine: number, side: number}}
 */
export function tiled(units, length, depth, most) {
  let best = { lines: 1, inLine: units, side: 0 };
  for (let lines = 1; lines <= units && lines <= depth; lines++) {
    const inLine = Math.ceil(units / lines);
    const side = Math.floor(Math.min(most, length / inLine, depth / lines));
    const even = units % lines === 0 && units % best.lines !== 0 && side >= best.side;
    if (best.side < 14 ? side > best.side : even && lines < best.lines * 1.5) best = { lines, inLine, side };
  }
  return { ...best, side: Math.max(2, best.side) };
}

export class LayerTiles {
  /**
   * @param {number} units
   * @param {string} label
   * @param {((unit: number|null) => void)|null} chosen hears which unit is looked at, null for none; null where none can be
   */
  constructor(units, label, chosen) {
    this.units = units;
    this.columns = units;
    this.side = 0;
    this.unit = 0;
    this.shades = new Uint8Array(units).fill(UNSEEN);
    this.canvas = element("canvas", { ariaHidden: "true" });
    this.ring = element("span", { className: "think-ring", hidden: true });
    this.root = element("div", { className: "think-tiles", ariaLabel: label, role: chosen ? "slider" : "img" }, this.canvas, this.ring);
    if (chosen) this.listen(chosen);
  }

  /** @param {(unit: number|null) => void} chosen */
  listen(chosen) {
    const { root } = this;
    root.tabIndex = 0;
    root.setAttribute("aria-valuemin", "1");
    root.setAttribute("aria-valuemax", String(this.units));
    this.describe("no unit is chosen");
    /** @param {PointerEvent} event */
    const point = (event) => {
      const unit = this.unitAt(event);
      if (unit !== null && (unit !== this.unit || this.ring.hidden)) chosen(unit);
    };
    root.addEventListener("pointermove", point);
    root.addEventListener("pointerdown", point);
    root.addEventListener("focus", () => { if (root.matches(":focus-visible")) chosen(this.unit); });
    root.addEventListener("keydown", (event) => {
      const next = this.nextUnit(event.key);
      if (next === undefined) return;
      event.preventDefault();
      this.unit = next ?? this.unit; // the next key may come before the next frame
      chosen(next);
    });
  }

  /** Where a key leads; undefined where it leads nowhere. @param {string} key @returns {number|null|undefined} */
  nextUnit(key) {
    const last = this.units - 1;
    switch (key) {
      case "ArrowLeft": return Math.max(0, this.unit - 1);
      case "ArrowRight": return Math.min(last, this.unit + 1);
      case "ArrowUp": return this.unit >= this.columns ? this.unit - this.columns : this.unit;
      case "ArrowDown": return this.unit + this.columns <= last ? this.unit + this.columns : this.unit;
      case "Home": return 0;
      case "End": return last;
      case "Escape": return null;
      default: return undefined;
    }
  }

  /** @param {number} columns @param {number} side of a square, in pixels */
  arrange(columns, side) {
    this.columns = columns;
    this.side = side;
    const ratio = window.devicePixelRatio;
    const [width, height] = [columns * side, Math.ceil(this.units / columns) * side];
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.root.style.width = this.canvas.style.width = `${width}px`;
    this.root.style.height = this.canvas.style.height = `${height}px`;
    this.ring.style.width = this.ring.style.height = `${side}px`;
    this.forget();
    if (!this.ring.hidden) this.choose(this.unit);
  }

  /** Draws all tiles the next time, as after a change of colors. */
  forget() {
    this.shades.fill(UNSEEN);
  }

  /** Draws the tiles whose shade changed. @param {ArrayLike<number>} values @param {number} range @param {Shades} shades */
  paint(values, range, shades) {
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    const ratio = window.devicePixelRatio;
    const gap = this.side >= 12 ? 2 : this.side >= 5 ? 1 : 0;
    const side = Math.round((this.side - gap) * ratio);
    for (let unit = 0; unit < this.units; unit++) {
      const shade = shadeOf(values[unit], range);
      if (shade === this.shades[unit]) continue;
      this.shades[unit] = shade;
      const [x, y] = this.corner(unit);
      context.fillStyle = shades.css[shade];
      context.fillRect(Math.round((x + gap / 2) * ratio), Math.round((y + gap / 2) * ratio), side, side);
    }
  }

  /** Puts the ring around a unit, or away. @param {number|null} unit */
  choose(unit) {
    this.ring.hidden = unit === null;
    if (unit === null) return;
    this.unit = unit;
    const [x, y] = this.corner(unit);
    this.ring.style.transform = `translate(${x}px, ${y}px)`;
    this.root.setAttribute("aria-valuenow", String(unit + 1));
  }

  /** What a screen reader says of the unit that is looked at. @param {string} words */
  describe(words) {
    this.root.setAttribute("aria-valuetext", words);
  }

  /** The upper left corner of a unit's tile. @param {number} unit @returns {[number, number]} */
  corner(unit) {
    return [(unit % this.columns) * this.side, Math.floor(unit / this.columns) * this.side];
  }

  /** @param {number} unit @returns {[number, number]} */
  center(unit) {
    const [x, y] = this.corner(unit);
    return [x + this.side / 2, y + this.side / 2];
  }

  /** @param {PointerEvent} event */
  unitAt(event) {
    const box = this.root.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / this.side);
    const unit = Math.floor((event.clientY - box.top) / this.side) * this.columns + column;
    return column >= 0 && column < this.columns && unit >= 0 && unit < this.units ? unit : null;
  }
}
