// The first layer's weights as pictures, one for each unit.

import { element } from "../dom.js";
import { layerViews } from "../parameters.js";
import { divergingShades, paintSigned } from "./diverging.js";

/** @typedef {import("../types.js").Shape} Shape */

const SHOWN_UNITS = 32;

export class Filters {
  /** @param {[number, number]|null} image height and width; a row for each unit of a table */
  constructor(image) {
    this.image = image;
    this.grid = element("div", { className: image === null ? "filters-rows" : "filters-grid", role: "img" });
    this.caption = element("figcaption", { className: "quiet number" });
    this.node = element("figure", { className: "filters" }, this.caption, this.grid);
    /** @type {HTMLCanvasElement[]} */
    this.tiles = [];
  }

  /** Draws the weights of the first network. @param {Shape} shape @param {Float32Array} parameters */
  show(shape, parameters) {
    const { inputs, outputs } = shape.layers[0];
    const count = Math.min(SHOWN_UNITS, outputs);
    const [height, width] = this.image ?? [1, inputs];
    if (this.tiles.length !== count || this.tiles[0].width !== width) {
      this.tiles = Array.from({ length: count }, () => element("canvas", { className: "filters-tile", width, height }));
      this.grid.replaceChildren(...this.tiles);
    }
    const { weights } = layerViews(shape, parameters)[0]; // (I, O)
    const units = this.tiles.map((_, unit) =>
      Float32Array.from({ length: inputs }, (_, input) => weights[input * outputs + unit]));
    const range = mostWeights(units);
    const shades = divergingShades();
    this.tiles.forEach((tile, unit) => paintSigned(tile, units[unit], range, shades));
    const which = shape.layers.length === 1 ? `the ${outputs} outputs` : count === outputs ? `all ${outputs} units` : `the first ${count} of ${outputs} units`;
    this.caption.textContent = `First-layer weights of ${which}, from −${range.toFixed(3)} (blue) to +${range.toFixed(3)} (red)`;
    this.grid.setAttribute("aria-label", this.caption.textContent);
  }
}

/** The 99th percentile of the weights' sizes. @param {Float32Array[]} units */
function mostWeights(units) {
  const sizes = Float32Array.from(units.flatMap((unit) => [...unit].map(Math.abs))).sort();
  return sizes[Math.floor(0.99 * (sizes.length - 1))] || 1;
}
