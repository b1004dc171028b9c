// The networks in use as a model file, which `gpunet evaluate` and `gpunet.load` read: the twin of
// gpunet/artifacts/model_file.py. A safetensors file is the length of a JSON text, that text, which
// tells where each tensor lies, and the tensors' numbers.

import { layerViews, normViews } from "./parameters.js";

/** @typedef {import("./types.js").Networks} Networks */
/** @typedef {import("./types.js").Page} Page */
/** @typedef {import("./types.js").Shape} Shape */

/** @typedef {{name: string, shape: number[], values: Float32Array|Float64Array}} Tensor */

/** What a test set gave; null where it was not measured. @typedef {Record<string, number|null>} TestScores */

/**
 * A model file's bytes.
 * @param {Page} page
 * @param {Networks} networks
 * @param {TestScores} scores by their names, such as loss and accuracy; of networks that were trained in the page
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function modelFile(page, networks, scores) {
  const tensors = [...scalingTensors(page), ...networkTensors(networks)];
  return safetensors(tensors, { gpunet: JSON.stringify(modelDescription(page, networks, scores)) });
}

/** All of a model but its numbers. @param {Page} page @param {Networks} networks @param {TestScores} scores */
function modelDescription({ data }, { shape, networks, trained }, scores) {
  const { description, trained: inPage } = data.file;
  if (!trained) return description;
  const { hidden, activation, dropout } = shape.settings;
  const optimizer = data.optimizers.find(({ name }) => name === trained.optimizer);
  const { train = 0, test = 0 } = data.data ?? {};
  return {
    ...description,
    network: { ...description.network, hidden, activation },
    config: {
      ...description.config,
      ...inPage,
      ...optimizer?.settings,
      hidden, activation, dropout,
      learning_rate: trained.learningRate,
      seed: trained.seed,
      ensemble: networks,
      epochs: Math.max(1, trained.epochs),
    },
    best_epoch: trained.epochs,
    dataset: {
      ...description.dataset,
      source: `${description.dataset.source}; trained in a web page with ${train} of its samples and scored with ${test}`,
    },
    test: Object.fromEntries(Object.keys(description.test).map((name) => [name, scores[name] ?? null])),
  };
}

/** What features and measured targets are standardized by. @param {Page} page @returns {Tensor[]} */
function scalingTensors({ data, blocks }) {
  const { model, file } = data;
  const inputs = model.shape.layers[0].inputs;
  const rows = ["mean", "deviation", ...(file.fills ? ["fill"] : [])];
  const features = /** @type {Float64Array|undefined} */ (blocks.get("scaling")); // (3 * I,)
  const tensors = features === undefined ? [] : rows.map((name, row) => ({
    name: `scaling.${name}`,
    shape: [inputs],
    values: features.subarray(row * inputs, (row + 1) * inputs),
  }));
  const targets = Object.entries(model.targetScaling ?? {}).map(([name, values]) => ({
    name: `targets.${name}`,
    shape: [values.length],
    values: Float64Array.from(values),
  }));
  return [...tensors, ...targets];
}

/** The weights and biases of every layer, and the scales and shifts of every norm. @param {Networks} networks @returns {Tensor[]} */
function networkTensors({ shape, parameters, networks }) {
  const each = Array.from({ length: networks }, (_, network) => network);
  const layers = each.map((network) => layerViews(shape, parameters, network));
  const norms = each.map((network) => normViews(shape, parameters, network));
  /** @param {string} name @param {number[]} size @param {Float32Array[]} parts one of each network @returns {Tensor} */
  const joined = (name, size, parts) => ({ name, shape: [networks, ...size], values: joinedNumbers(parts) });
  return shape.layers.flatMap(({ inputs, outputs }, index) => [
    joined(`layers.${index}.weights`, [inputs, outputs], layers.map((one) => one[index].weights)),
    joined(`layers.${index}.biases`, [outputs], layers.map((one) => one[index].biases)),
    ...(norms[0][index] === undefined ? [] : [
      joined(`layers.${index}.gains`, [outputs], norms.map((one) => one[index].scales)),
      joined(`layers.${index}.offsets`, [outputs], norms.map((one) => one[index].shifts)),
    ]),
  ]);
}

/** @param {Float32Array[]} parts of the same length */
function joinedNumbers(parts) {
  const all = new Float32Array(parts.length * parts[0].length);
  parts.forEach((part, index) => all.set(part, index * part.length));
  return all;
}

/**
 * A safetensors file; those of the widest numbers come first, so that all lie where they may.
 * @param {Tensor[]} tensors
 * @param {Record<string, string>} metadata
 * @returns {Uint8Array<ArrayBuffer>}
 */
function safetensors(tensors, metadata) {
  const ordered = [...tensors].sort((one, other) => other.values.BYTES_PER_ELEMENT - one.values.BYTES_PER_ELEMENT);
  /** @type {Record<string, unknown>} */
  const header = { __metadata__: metadata };
  let end = 0;
  for (const { name, shape, values } of ordered) {
    const dtype = values instanceof Float64Array ? "F64" : "F32";
    header[name] = { dtype, shape, data_offsets: [end, (end += values.byteLength)] };
  }
  const told = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(told.length / 8) * 8;
  const file = new Uint8Array(start + end).fill(32, 8, start); // spaces behind the text
  new DataView(file.buffer).setUint32(0, start - 8, true); // of 64 bits, the upper ones 0
  file.set(told, 8);
  let at = start;
  for (const { values } of ordered) {
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return file;
}

/** Has the browser save bytes as a file. @param {Uint8Array<ArrayBuffer>} bytes @param {string} name */
export function saveAsFile(bytes, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
