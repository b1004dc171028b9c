// The page's samples as the device takes them.

import { prepared } from "./prepare.js";

/** @typedef {import("./records.js").Samples} Samples */
/** @typedef {import("./types.js").Page} Page */

/**
 * A part of the page's samples as the device takes them, with empty rows behind them.
 * @param {Page} page
 * @param {"train"|"test"} part
 * @param {number} [more] rows behind them
 * @returns {Samples}
 */
export function deviceSamples(page, part, more = 0) {
  const { data, blocks } = page;
  const { inputs } = data.model.shape.layers[0];
  const raw = /** @type {Uint8Array|Float32Array|Float64Array} */ (blocks.get(`${part}.features`));
  const labels = /** @type {Int32Array|Float32Array} */ (blocks.get(`${part}.labels`));
  const weights = /** @type {Float32Array|undefined} */ (blocks.get(`${part}.weights`));
  const count = raw.length / inputs;
  const bytes = data.model.features === "bytes";
  const known = bytes ? /** @type {Uint8Array} */ (raw) : prepared(raw, page);
  const features = extended(known, count, more, 0);
  if (bytes && data.model.inverted) features.set(known.map((grey) => 255 - grey));
  return {
    features,
    labels: extended(labels, count, more, 0),
    weights: weights ? extended(weights, count, more, 1) : null,
  };
}

/**
 * Rows with more rows behind them.
 * @template {Uint8Array|Int32Array|Float32Array} Rows
 * @param {Rows} rows
 * @param {number} count
 * @param {number} more
 * @param {number} value of theirs
 * @returns {Rows}
 */
function extended(rows, count, more, value) {
  const wide = new /** @type {any} */ (rows.constructor)((rows.length / count) * (count + more)).fill(value);
  wide.set(rows);
  return wide;
}
