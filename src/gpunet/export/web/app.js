// What the panels share: the networks in use, the sample that is looked at, and its answer.

import { forward } from "./network.js";

/** @typedef {import("./types.js").Answer} Answer */
/** @typedef {import("./types.js").Networks} Networks */
/** @typedef {import("./types.js").Page} Page */
/** @typedef {import("./types.js").Sample} Sample */
/** @typedef {import("./types.js").Shape} Shape */

export class App {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    /** @type {import("./gpu.js").Gpu|null} */
    this.gpu = null;
    /** The networks that answer now. @type {Networks} */
    this.networks = this.saved();
    /** @type {Sample|null} */
    this.sample = null;
    /** @type {Answer|null} */
    this.answer = null;
    /** @type {Map<string, ((detail: any) => void)[]>} */
    this.listeners = new Map();
  }

  /** The networks that came with the page. @returns {Networks} */
  saved() {
    const { shape, networks } = this.page.data.model;
    return { shape, parameters: /** @type {Float32Array} */ (this.page.blocks.get("parameters")), networks };
  }

  /** Hear of "sample", "answer", "weights", "device", "teach". @param {string} name @param {(detail: any) => void} listener */
  on(name, listener) {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener]);
  }

  /** @param {string} name @param {unknown} [detail] */
  emit(name, detail) {
    for (const listener of this.listeners.get(name) ?? []) listener(detail);
  }

  /** Look at a sample: everybody hears of it, and then of its answer. @param {Sample} sample */
  show(sample) {
    this.sample = sample;
    this.emit("sample", sample);
    this.answered();
  }

  /**
   * Other networks answer from now on.
   * @param {Shape} shape
   * @param {Float32Array} parameters (P * N,)
   * @param {number} networks P
   * @param {import("./types.js").Trained|null} [trained] how; null: as they came with the page
   */
  replace(shape, parameters, networks, trained = null) {
    this.networks = { shape, parameters, networks, trained };
    this.emit("weights", this.networks);
    this.answered();
  }

  /** Answers the sample once more. */
  answered() {
    if (this.sample === null) return;
    const { shape, parameters, networks } = this.networks;
    const began = performance.now();
    const traces = Array.from({ length: networks }, (_, network) =>
      forward(shape, parameters.subarray(network * shape.parameters, (network + 1) * shape.parameters), /** @type {Sample} */ (this.sample).features));
    const milliseconds = performance.now() - began;
    const members = traces.map((trace) => trace.outputs);
    const outputs = members[0].map((_, place) => members.reduce((sum, one) => sum + one[place], 0) / networks);
    this.answer = { sample: this.sample, outputs, members, traces, milliseconds, device: "JavaScript" };
    this.emit("answer", this.answer);
  }
}
