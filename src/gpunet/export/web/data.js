// Reads the JSON and the arrays that Python wrote into the page.

import { inflated } from "./unpack.js";

/** @typedef {import("./types.js").Numbers} Numbers */
/** @typedef {import("./types.js").Page} Page */

/** Numbers whose bytes lie in planes. @param {Uint8Array} planes @param {number} count @param {string} type */
function fromPlanes(planes, count, type) {
  const width = planes.length / count;
  const bytes = new Uint8Array(planes.length);
  for (let plane = 0; plane < width; plane++) {
    for (let index = 0; index < count; index++) {
      bytes[index * width + plane] = planes[plane * count + index];
    }
  }
  switch (type) {
    case "uint8": return bytes;
    case "int32": return new Int32Array(bytes.buffer);
    case "float32": return new Float32Array(bytes.buffer);
    case "float64": return new Float64Array(bytes.buffer);
    case "float16": return Float32Array.from(new Uint16Array(bytes.buffer), fromHalf);
    default: throw new Error(`the page holds numbers of the type ${type}, which it cannot read`);
  }
}

/** The number with these 16 bits of IEEE 754. @param {number} bits */
function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const digits = bits & 1023;
  if (exponent === 0) return sign * digits * 2 ** -24;
  if (exponent === 31) return digits ? NaN : sign * Infinity;
  return sign * (1 + digits / 1024) * 2 ** (exponent - 15);
}

/**
 * All data of the page.
 * @param {Document} document
 * @returns {Promise<Page>}
 */
export async function readPage(document) {
  const told = document.getElementById("page-data")?.textContent ?? "";
  const data = JSON.parse(new TextDecoder().decode(await inflated(told)));
  /** @type {(files: number[]) => string} */
  const shader = (files) => files.map((file) => data.pieces[file]).join("");
  data.shaders = data.shaders.map(shader);
  delete data.pieces;
  if (data.shapes.length > 0) data.shapes[0] = data.model.shape; // the same object, so that anything built for it stays valid
  /** @type {Map<string, Numbers>} */
  const blocks = new Map();
  for (const block of document.querySelectorAll("script.page-block")) {
    const { name = "", type = "", count = "0" } = /** @type {HTMLElement} */ (block).dataset;
    blocks.set(name, fromPlanes(await inflated(block.textContent ?? ""), Number(count), type));
  }
  return { data, blocks };
}
