// One unit: its incoming weights, its current activation, and its outgoing weights.

import { element } from "../dom.js";
import { shortNumber, signedNumber } from "../formats.js";
import { largest, paintSigned, pixelCanvas, ScaleLegend } from "./diverging.js";
import { farthest, SignedBars } from "./signed-bars.js";

/** @typedef {import("../types.js").Shape} Shape */
/** @typedef {import("../types.js").Trace} Trace */
/** @typedef {import("./diverging.js").Shades} Shades */
/** @typedef {import("./stage.js").Unit} Unit */
/** @typedef {{weights: Float32Array, biases: Float32Array}} LayerView */

const INCOMING = 8;
const OUTGOING = 8;
const ADDS = "Adds to the output"; // before the softmax or sigmoid

export class UnitCard {
  /**
   * @param {Shape} shape
   * @param {[number, number]|null} image
   * @param {string[]} features names
   * @param {string[]} outputs names
   */
  constructor(shape, image, features, outputs) {
    this.shape = shape;
    this.names = { features, outputs };
    this.title = element("h3");
    this.picture = image === null ? null : pixelCanvas(image, "Incoming weights");
    this.legend = new ScaleLegend();
    this.incoming = new SignedBars(INCOMING, "Strongest incoming weights");
    this.outgoing = new SignedBars(OUTGOING, "Strongest outgoing weights");
    this.outgoingTitle = element("h4", {}, "Strongest outgoing");
    this.incomingTitle = element("h4");
    this.numbers = new Map(["Activation", "Before activation", "Bias", ADDS].map((name) => [name, element("data", { className: "number" })]));
    const list = element("dl", { className: "think-numbers" }, ...[...this.numbers].map(([name, value]) =>
      element("div", {}, element("dt", { className: "quiet" }, name), element("dd", {}, value))));
    const pictured = this.picture === null ? null : element("div", { className: "think-pictured" }, this.picture, this.legend.root);
    this.pictured = pictured;
    this.root = element("section", { className: "think-card think-unit" }, this.title, list, element("div", { className: "think-card-columns" },
      element("div", {}, this.incomingTitle, pictured, this.incoming.root),
      element("div", {}, this.outgoingTitle, this.outgoing.root)));
  }

  /** Shows a unit's weights. @param {Unit} chosen @param {LayerView[]} views @param {Shades} shades */
  showWeights({ layer, unit }, views, shades) {
    const { inputs, outputs } = this.shape.layers[layer];
    const weights = Float32Array.from({ length: inputs }, (_, input) => views[layer].weights[input * outputs + unit]);
    const range = largest(weights);
    this.title.textContent = this.nameOf({ layer, unit });
    const asPicture = layer === 0 && this.picture !== null;
    this.incomingTitle.textContent = asPicture ? "Incoming weights" : "Strongest incoming";
    this.pictured?.classList.toggle("think-absent", !asPicture);
    this.incoming.root.classList.toggle("think-absent", asPicture);
    if (asPicture && this.picture !== null) {
      this.legend.set(range);
      paintSigned(this.picture, weights, range, shades);
      this.picture.setAttribute("aria-label", `Incoming weights of ${this.nameOf({ layer, unit })} as a picture: red pixels excite it, blue ones inhibit it`);
    } else {
      this.incoming.set(farthest(weights, INCOMING).map((input) => ({ name: this.nameBelow(layer, input), value: weights[input] })), range);
    }
    this.number("Bias", views[layer].biases[unit]);
    this.showOutgoing({ layer, unit }, views);
  }

  /** @param {Unit} chosen @param {LayerView[]} views */
  showOutgoing({ layer, unit }, views) {
    const above = this.shape.layers[layer + 1];
    this.outgoingTitle.classList.toggle("think-absent", above === undefined);
    const weights = above === undefined ? [] : views[layer + 1].weights.subarray(unit * above.outputs, (unit + 1) * above.outputs);
    this.outgoing.set(farthest(weights, OUTGOING).map((to) => ({
      name: this.nameOf({ layer: layer + 1, unit: to }, true), value: weights[to],
    })), largest(weights));
  }

  /** Shows a unit's current values. @param {Unit} chosen @param {Trace|null} trace @param {number|null} adds to the logit that is explained, to first order */
  showNow({ layer, unit }, trace, adds) {
    this.number(ADDS, adds);
    const isOutput = layer === this.shape.layers.length - 1;
    this.number("Activation", trace === null ? null : isOutput ? trace.outputs[unit] : trace.activations[layer][unit]);
    this.number("Before activation", trace === null ? null : trace.preactivations[layer][unit]);
  }

  /** @param {string} name @param {number|null} number */
  number(name, number) {
    const shown = /** @type {HTMLDataElement} */ (this.numbers.get(name));
    shown.value = number === null ? "" : String(number);
    shown.textContent = number === null ? "–" : name === "Bias" || name === ADDS ? signedNumber(number) : shortNumber(number);
  }

  /** The name of a unit. @param {Unit} chosen @param {boolean} [brief] */
  nameOf({ layer, unit }, brief = false) {
    if (layer === this.shape.layers.length - 1) return brief ? this.names.outputs[unit] : `Output ${this.names.outputs[unit]}`;
    return brief ? `unit ${unit + 1}` : `Unit ${unit + 1} of hidden layer ${layer + 1}`;
  }

  /** @param {number} layer @param {number} input */
  nameBelow(layer, input) {
    return layer === 0 ? this.names.features[input] : this.nameOf({ layer: layer - 1, unit: input }, true);
  }
}
