// Answers from the GPU: one sample at a time, by the same program that scores a test set.

import { PageEngine } from "./engine.js";

/** @typedef {import("./gpu.js").Gpu} Gpu */
/** @typedef {import("./types.js").Networks} Networks */
/** @typedef {import("./types.js").Page} Page */

export class GpuAnswers {
  /** @param {Page} page @param {Gpu} gpu */
  constructor(page, gpu) {
    this.page = page;
    this.gpu = gpu;
    /** @type {PageEngine|null} */
    this.engine = null;
    /** The networks that the engine holds. @type {Networks|null} */
    this.held = null;
    /** The previous answer; only one is computed at a time. @type {Promise<unknown>} */
    this.before = Promise.resolve();
    /** Why the GPU failed to answer the last time; null if it did not. @type {string|null} */
    this.fault = null;
  }

  /**
   * The outputs of each network for a sample; null if the GPU fails.
   * @param {Networks} networks
   * @param {Float32Array} features (I,) as the network takes them
   * @param {() => boolean} wanted whether the answer is still needed when its turn comes
   * @returns {Promise<Float32Array[]|null>} (P,) of (C,)
   */
  async members(networks, features, wanted) {
    const turn = this.before.then(() => (wanted() ? this.answered(networks, features) : null));
    const found = turn.catch((error) => {
      this.engine?.close();
      this.engine = null;
      this.fault = this.gpu.lost ? null : String(error.message);
      return null;
    });
    this.before = found;
    return found;
  }

  /** @param {Networks} networks @param {Float32Array} features */
  async answered(networks, features) {
    const engine = this.engineFor(networks);
    const bytes = this.page.data.model.features === "bytes";
    const labels = new Int32Array(networks.shape.kind === "classes" ? 1 : networks.shape.layers[networks.shape.layers.length - 1].outputs);
    engine.load("sample", {
      features: bytes ? Uint8Array.from(features, (share) => Math.round(255 * share)) : features,
      labels: networks.shape.kind === "classes" ? labels : new Float32Array(labels),
      weights: null,
    });
    const answers = await engine.predict("sample");
    this.fault = null;
    const outputs = answers.length / networks.networks;
    return Array.from({ length: networks.networks }, (_, network) =>
      answers.slice(network * outputs, (network + 1) * outputs));
  }

  /** An engine on the current device with these networks. @param {Networks} networks */
  engineFor(networks) {
    if (this.engine === null || !this.engine.alive || this.held?.shape !== networks.shape || this.held.networks !== networks.networks) {
      this.engine?.close();
      this.held = null;
      const seeds = Array.from({ length: networks.networks }, (_, network) => network);
      this.engine = new PageEngine(this.page, this.gpu, { shape: networks.shape, seeds });
    }
    if (this.held !== networks) this.engine.setParameters(networks.parameters);
    this.held = networks;
    return this.engine;
  }
}
