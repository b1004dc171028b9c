// Samples of the page as they were read, and rows of a table as a reader sets them.

import { prepared } from "./prepare.js";

/** @typedef {import("./types.js").Control} Control */
/** @typedef {import("./types.js").Numbers} Numbers */
/** @typedef {import("./types.js").Page} Page */
/** @typedef {import("./types.js").Sample} Sample */

/** What a column is set to: a number, the place of a choice, or null where it is missing. @typedef {number|null} Value */

/** A test sample's features as they were read, (I,). @returns {Uint8Array|Float32Array|Float64Array} @param {Page} page @param {number} row */
export function testRow(page, row) {
  const features = /** @type {Uint8Array|Float32Array|Float64Array} */ (page.blocks.get("test.features"));
  const inputs = page.data.model.shape.layers[0].inputs;
  return features.subarray(row * inputs, (row + 1) * inputs);
}

/** What is known of a test sample: its class (1,), its labels or its targets (T,) as trained on. @param {Page} page @param {number} row */
export function testLabels(page, row) {
  const labels = /** @type {Numbers} */ (page.blocks.get("test.labels"));
  const width = page.data.model.shape.kind === "classes" ? 1 : page.data.model.targets.length;
  return labels.subarray(row * width, (row + 1) * width);
}

/** A test sample, to be looked at. @param {Page} page @param {number} row @returns {Sample} */
export function testSample(page, row) {
  const raw = testRow(page, row);
  const { image, shape } = page.data.model;
  return {
    features: prepared(raw, page),
    picture: image === null ? null : pixelsOf(raw, page),
    label: shape.kind === "classes" ? testLabels(page, row)[0] : null,
    from: "test",
    blank: false,
    row,
  };
}

/** An image's pixels as bytes, light on dark as the network sees them. @param {Numbers} raw (I,) @param {Page} page */
export function pixelsOf(raw, page) {
  const { inverted, levels: [black, white] } = page.data.model;
  const bytes = raw instanceof Uint8Array;
  const pixels = Uint8ClampedArray.from(raw, (value) => {
    const share = bytes ? value / 255 : (value - black) / (white - black);
    return 255 * (inverted ? 1 - share : share);
  });
  return new Uint8Array(pixels.buffer);
}

/** Measured answers or targets in their own units; probabilities as they are. @param {ArrayLike<number>} values (C,) as trained on @param {Page} page @returns {number[]} */
export function inOwnUnits(values, page) {
  const scaling = page.data.model.targetScaling;
  return Array.from(values, (value, target) =>
    scaling === null ? value : value * scaling.deviation[target] + scaling.mean[target]);
}

/** What each column is set to at first. @param {Control[]} controls @returns {Value[]} */
export function usualValues(controls) {
  return controls.map((control) => control.usual);
}

/** A row's features (I,) as they would be read from a table. @param {Control[]} controls @param {Value[]} values */
export function rawFeatures(controls, values) {
  const last = controls[controls.length - 1].features;
  const raw = new Float64Array(last[0] + last[1]);
  controls.forEach((control, at) => {
    const [first, count] = control.features;
    const value = values[at];
    if (control.kind === "choice") {
      if (value !== null) raw[first + value] = 1;
      return;
    }
    raw[first] = value === null ? NaN : value * control.unit;
    if (count === 2) raw[first + 1] = Number(value === null);
  });
  return raw;
}

/** What each column of a row is; a word that was not trained on is null. @param {Control[]} controls @param {Numbers} raw (I,) @returns {Value[]} */
export function rowValues(controls, raw) {
  return controls.map(({ kind, features: [first, count] }) => {
    if (kind === "number") return Number.isNaN(raw[first]) ? null : raw[first];
    const place = raw.subarray(first, first + count).indexOf(1);
    return place < 0 ? null : place;
  });
}
