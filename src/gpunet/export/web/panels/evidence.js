// The evidence for and against an output: each feature times the gradient of the output's logit by that
// feature. The sum is, to first order, the input's contribution to the logit.

import { element } from "../dom.js";
import { shortNumber, signedNumber } from "../formats.js";
import { largest, pixelCanvas, ScaleLegend, shadeOf } from "./diverging.js";
import { farthest, SignedBars } from "./signed-bars.js";

/** @typedef {import("../types.js").ModelData} ModelData */
/** @typedef {import("../types.js").Sample} Sample */
/** @typedef {import("./diverging.js").Shades} Shades */

const LISTED_COLUMNS = 12;
const TRACE_OF_INK = 0.3; // opacity of the drawing behind the evidence

export class EvidenceCard {
  /**
   * @param {ModelData} model
   * @param {string[]} features names
   * @param {string[]} outputs names
   * @param {(output: number|null) => void} chosen is called with the output to explain; null: the answer
   */
  constructor(model, features, outputs, chosen) {
    this.model = model;
    this.names = { features, outputs };
    this.answer = element("option", { value: "" }, "the answer");
    this.select = element("select", {}, this.answer, ...outputs.map((name, output) => element("option", { value: String(output) }, name)));
    this.select.addEventListener("change", () => chosen(this.select.value === "" ? null : Number(this.select.value)));
    this.picture = model.image === null ? null : pixelCanvas(model.image, "Evidence");
    this.legend = new ScaleLegend();
    this.bars = model.image === null ? new SignedBars(Math.min(LISTED_COLUMNS, model.controls.length || features.length), "Evidence of the columns") : null;
    this.words = element("p", { className: "think-words" });
    this.sum = element("data", { className: "number" });
    this.root = element("section", { className: "think-card think-evidence" },
      element("h3", {}, "What speaks for and against"),
      element("label", { className: "think-choice" }, "Explain ", this.select),
      this.picture === null ? /** @type {SignedBars} */ (this.bars).root : element("div", { className: "think-pictured" }, this.picture, this.legend.root),
      this.words);
  }

  /** Shows which output is explained. @param {number|null} pinned null: the answer @param {number|null} answered */
  choose(pinned, answered) {
    const told = answered === null ? "the answer" : `the answer, now ${this.names.outputs[answered]}`;
    if (this.answer.textContent !== told) this.answer.textContent = told; // writing text forces a new layout
    const value = pinned === null ? "" : String(pinned);
    if (this.select.value !== value) this.select.value = value;
  }

  /**
   * @param {Sample|null} sample null while there is nothing to explain
   * @param {Float32Array|null} gradient (I,) of the logit
   * @param {number} logit
   * @param {number} output
   * @param {Shades} shades
   */
  show(sample, gradient, logit, output, shades) {
    const evidence = sample === null || gradient === null ? null : sample.features.map((feature, place) => feature * gradient[place]);
    if (this.picture !== null) this.paint(this.picture, evidence, sample?.picture ?? null, shades);
    else this.list(evidence);
    this.tell(evidence, logit, this.names.outputs[output]);
  }

  /** @param {HTMLCanvasElement} canvas @param {Float32Array|null} evidence @param {Uint8Array|null} drawing @param {Shades} shades */
  paint(canvas, evidence, drawing, shades) {
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const picture = context.createImageData(canvas.width, canvas.height);
    const range = evidence === null ? 0 : largest(evidence);
    for (let pixel = 0; pixel < canvas.width * canvas.height; pixel++) {
      const value = evidence?.[pixel] ?? 0;
      const shade = shades.pixels[shadeOf(value, range)];
      const through = TRACE_OF_INK * ((drawing?.[pixel] ?? 0) / 255) * (1 - (range > 0 ? Math.abs(value) / range : 0));
      for (let part = 0; part < 3; part++) {
        const own = (shade >> (8 * part)) & 255;
        picture.data[4 * pixel + part] = own + through * (shades.ink[part] - own);
      }
      picture.data[4 * pixel + 3] = 255;
    }
    context.putImageData(picture, 0, 0);
    this.legend.set(range);
  }

  /** The evidence of columns of a table; a column of words has several features. @param {Float32Array|null} evidence */
  list(evidence) {
    const { controls } = this.model;
    const columns = controls.length > 0
      ? controls.map(({ name, features: [first, count] }) => ({ name, value: total(evidence?.subarray(first, first + count) ?? []) }))
      : this.names.features.map((name, feature) => ({ name, value: evidence?.[feature] ?? 0 }));
    const values = columns.map(({ value }) => value);
    this.bars?.set(farthest(values, LISTED_COLUMNS).map((place) => columns[place]), largest(values));
  }

  /** @param {Float32Array|null} evidence @param {number} logit @param {string} name */
  tell(evidence, logit, name) {
    if (evidence === null) {
      this.words.textContent = "There is nothing to explain yet.";
      return;
    }
    const measured = this.model.shape.kind === "measured";
    const [what, value] = [this.picture === null ? "bars" : "pixels", measured ? "the standardized value" : "its logit"];
    const [plus, minus] = [evidence.filter((one) => one > 0), evidence.filter((one) => one < 0)];
    this.sum.value = String(total(evidence));
    this.sum.textContent = signedNumber(total(evidence));
    const verbs = measured ? ["raise", "lower it"] : ["speak for", "against it"];
    this.words.replaceChildren(
      element("strong", { className: "think-plus-text" }, `Red ${what}`), ` ${verbs[0]} ${name} (${signedNumber(total(plus))}), `,
      element("strong", { className: "think-minus-text" }, `blue ones`), ` ${verbs[1]} (${signedNumber(total(minus))}). Together they add `,
      this.sum, ` to ${value} of ${shortNumber(logit)}, to first order: input times gradient${this.model.scaled ? ", each input measured from its mean in training" : ""}.`);
  }
}

/** @param {Iterable<number>} values */
function total(values) {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
