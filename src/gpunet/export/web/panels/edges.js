// Which connections carried the answer. A connection from unit i to unit j contributes what passes
// along it, activation times weight, times how strongly unit j moves the logit that is looked at.

import { farthest } from "./signed-bars.js";

/** @typedef {import("../types.js").Shape} Shape */
/** @typedef {import("./diverging.js").Shades} Shades */

/** A connection into a unit of a layer, counted from 0 at the first hidden one. @typedef {{layer: number, from: number, to: number, value: number}} Edge */

/**
 * The strongest connections of each layer, from the last one to the first: those into the output,
 * then those into the units where these begin, and so on down to the features.
 * @param {Shape} shape
 * @param {{weights: Float32Array}[]} views of each layer, (I * O,)
 * @param {Float32Array[]} inputs of each layer: the features, then each hidden layer's activations
 * @param {ArrayLike<number>[]} deltas of each layer: the gradient of the logit by its preactivations
 * @param {number} output
 * @param {number} count of a layer
 * @returns {Edge[]}
 */
export function strongestEdges(shape, views, inputs, deltas, output, count) {
  /** @type {Edge[]} */
  const edges = [];
  let targets = [output];
  for (let layer = shape.layers.length - 1; layer >= 0; layer--) {
    const { inputs: units, outputs } = shape.layers[layer];
    const contributions = new Float32Array(targets.length * units);
    targets.forEach((to, row) => {
      for (let from = 0; from < units; from++) {
        contributions[row * units + from] = inputs[layer][from] * views[layer].weights[from * outputs + to] * deltas[layer][to];
      }
    });
    const found = farthest(contributions, count).filter((place) => contributions[place] !== 0)
      .map((place) => ({ layer, from: place % units, to: targets[Math.floor(place / units)], value: contributions[place] }));
    edges.push(...found);
    targets = [...new Set(found.map(({ from }) => from))];
  }
  return edges;
}

/** Where a connection starts and ends, in pixels; perhaps it goes straight on to a third point. @callback Ends @param {Edge} edge @returns {[number, number][]} */

/** The canvas behind the tiles. */
export class EdgeCanvas {
  constructor() {
    this.root = document.createElement("canvas");
    this.root.className = "think-edges";
    this.root.ariaHidden = "true";
  }

  /** @param {number} width @param {number} height */
  arrange(width, height) {
    this.root.width = Math.round(width * window.devicePixelRatio);
    this.root.height = Math.round(height * window.devicePixelRatio);
  }

  /** @param {Edge[]} edges @param {Ends} ends @param {boolean} across whether layers stand side by side @param {Shades} shades */
  paint(edges, ends, across, shades) {
    const context = /** @type {CanvasRenderingContext2D} */ (this.root.getContext("2d"));
    context.clearRect(0, 0, this.root.width, this.root.height);
    context.save();
    context.scale(window.devicePixelRatio, window.devicePixelRatio);
    let [layer, most] = [-1, 0];
    for (const edge of edges) {
      if (edge.layer !== layer) [layer, most] = [edge.layer, Math.abs(edge.value)]; // the strongest comes first
      const share = Math.abs(edge.value) / most;
      const [[x, y], [endX, endY], on] = ends(edge);
      const [halfX, halfY] = across ? [(endX - x) / 2, 0] : [0, (endY - y) / 2];
      context.beginPath();
      context.moveTo(x, y);
      context.bezierCurveTo(x + halfX, y + halfY, endX - halfX, endY - halfY, endX, endY);
      if (on) context.lineTo(...on);
      context.strokeStyle = edge.value < 0 ? shades.css[0] : shades.css[shades.css.length - 1];
      context.globalAlpha = 0.2 + 0.7 * share;
      context.lineWidth = 0.6 + 2.2 * share;
      context.stroke();
    }
    context.restore();
  }
}
