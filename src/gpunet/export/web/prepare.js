// What a network is given of an image or of a row of numbers: the same as `gpunet predict` gives it.

import { extremesOf, float32, greyAt, roundEven } from "./images.js";
import { findDigits } from "./ink.js";
import { framedDigit, keptAsFramed } from "./framing.js";
import { FAINTEST_CONTRAST } from "./paper.js";

/** @typedef {import("./images.js").Grey} Grey */
/** @typedef {import("./ink.js").Box} Box */
/** @typedef {import("./types.js").Page} Page */
/** @typedef {import("./types.js").ModelData} ModelData */

/**
 * An image in grey. Where colors tell ink from paper better than brightness does, as red ink on
 * green paper, there is a second one, in which digits are looked for.
 * @typedef {Grey & {inColor?: Grey}} GreyImage
 */

/**
 * Digits as a model takes them, from left to right, and where each was found.
 * @typedef {object} Prepared
 * @property {{features: Uint8Array, box: Box}[]} pictures none if it is blank or shows a dash
 * @property {boolean} blank nothing stands out from the paper
 * @property {Box|null} dash where a figure is that is far wider than a digit
 */

const FLATTEST = 2.5; // times that a digit may be as wide as high; a figure beyond is a dash

/**
 * An image's digits as the model's training images are framed; else all of the image as one picture.
 * @param {GreyImage} image
 * @param {Pick<ModelData, "image"|"framing">} model that takes images
 * @returns {Prepared}
 */
export function prepareImage(image, { image: shape, framing }) {
  if (shape === null) throw new Error("the network takes rows of numbers, wanted one that takes images");
  const [height, width] = shape;
  /** @type {Box} */
  const whole = [0, 0, image.width, image.height];
  if (framing === null) {
    const { least, greatest } = extremesOf(image.grey);
    const picture = { features: greyAt(image, width, height).grey, box: whole };
    return { pictures: [picture], blank: greatest - least < FAINTEST_CONTRAST, dash: null };
  }
  const kept = image.width === width && image.height === height ? keptAsFramed(framing, image) : null;
  if (kept) return { pictures: [{ features: kept, box: whole }], blank: false, dash: null };
  const grey = image.inColor ?? image;
  const scale = Math.max(image.width, image.height) / Math.max(grey.width, grey.height);
  const figures = findDigits(grey).map(({ ink, box }) => (
    { ink, box: /** @type {Box} */ (box.map((edge) => roundEven(scale * edge))) }));
  const dash = figures.find(({ ink }) => ink.width > FLATTEST * ink.height);
  const pictures = dash ? [] : figures.map(({ ink, box }) => ({ features: framedDigit(framing, ink, shape), box }));
  return { pictures, blank: figures.length === 0, dash: dash?.box ?? null };
}

/**
 * Samples as the network wants them: inverted, filled, standardized or not, as it was trained.
 * @param {Uint8Array|Float32Array|Float64Array} features as they were read, one sample after the other
 * @param {Page} page
 * @returns {Float32Array} bytes that are not standardized as 0 to 1
 */
export function prepared(features, page) {
  const { inverted, levels: [black, white], clips } = page.data.model;
  const isBytes = features instanceof Uint8Array;
  const precision = features instanceof Float32Array ? float32 : Number;
  const scaling = page.blocks.get("scaling");
  const inputs = scaling ? scaling.length / 3 : 0;
  const out = new Float32Array(features.length);
  for (let at = 0; at < features.length; at++) {
    let value = isBytes ? (inverted ? 255 - features[at] : features[at]) / 255 : features[at];
    if (isBytes) value = black + value * (white - black);
    else if (inverted) value = precision(1 - value);
    if (scaling) {
      const input = at % inputs;
      if (isBytes) value = float32(value);
      if (Number.isNaN(value)) value = scaling[2 * inputs + input];
      value = (value - scaling[input]) / scaling[inputs + input];
      if (clips) value /= Math.hypot(1, value / 3);
    }
    out[at] = value;
  }
  return out;
}
