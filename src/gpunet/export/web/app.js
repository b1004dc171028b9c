// The state that all panels share: the networks in use, the current sample, and its answer.

import { GpuAnswers } from "./answers.js";
import { openGpu } from "./gpu.js";
import { meanOutputs, tracesOf } from "./network.js";

/** @typedef {import("./types.js").Answer} Answer */
/** @typedef {import("./types.js").Networks} Networks */
/** @typedef {import("./types.js").Page} Page */
/** @typedef {import("./types.js").Sample} Sample */
/** @typedef {import("./types.js").Shape} Shape */

/** Milliseconds after which JavaScript's answer is shown while the GPU, which may be training, is still busy. */
const PATIENCE_WITH_GPU = 100;

export class App {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    /** @type {import("./gpu.js").Gpu|null} */
    this.gpu = null;
    /** @type {GpuAnswers|null} */
    this.gpuAnswers = null;
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

  /** Opens the browser's GPU, if it has one, and reports that, and its loss, to all listeners. */
  async open() {
    this.gpu = await openGpu();
    if (this.gpu !== null) {
      this.gpuAnswers = new GpuAnswers(this.page, this.gpu);
      const { gpuAnswers } = this;
      this.gpu.onLost(() => {
        gpuAnswers.fault = null; // the loss was the cause
        this.emit("device", this.gpu);
      });
    }
    this.emit("device", this.gpu);
  }

  /** Listens to the event "sample", "answer", "weights", "device" or "teach". @param {string} name @param {(detail: any) => void} listener */
  on(name, listener) {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener]);
  }

  /** @param {string} name @param {unknown} [detail] */
  emit(name, detail) {
    for (const listener of this.listeners.get(name) ?? []) listener(detail);
  }

  /** Makes a sample the current one, and reports it and then its answer to all listeners. @param {Sample} sample */
  show(sample) {
    this.sample = sample;
    this.emit("sample", sample);
    this.answered();
  }

  /**
   * Lets other networks answer from now on.
   * @param {Shape} shape
   * @param {Float32Array} parameters (P * N,)
   * @param {number} networks P
   * @param {import("./types.js").Trained|null} [trained] how they were trained; null: as they came with the page
   */
  replace(shape, parameters, networks, trained = null) {
    this.networks = { shape, parameters, networks, trained };
    this.emit("weights", this.networks);
    this.answered();
  }

  /** Answers the sample again: on the GPU if there is one, and always in JavaScript, which gives the intermediate results. */
  async answered() {
    const { sample, networks, gpuAnswers } = this;
    if (sample === null) return;
    const answer = this.answerTo(sample);
    this.answer = answer;
    if (gpuAnswers !== null && this.gpu !== null) {
      const began = performance.now();
      const { fault } = gpuAnswers;
      const late = setTimeout(() => { if (this.answer === answer) this.emit("answer", answer); }, PATIENCE_WITH_GPU);
      const members = await gpuAnswers.members(networks, sample.features, () => this.answer === answer);
      clearTimeout(late);
      if (gpuAnswers.fault !== fault) this.emit("device", this.gpu);
      if (this.answer !== answer) return; // there is a newer one
      if (members !== null) {
        const milliseconds = performance.now() - began;
        Object.assign(answer, { members, outputs: meanOutputs(members), milliseconds, device: this.gpu.name });
      }
    }
    this.emit("answer", answer);
  }

  /** JavaScript's answer to a sample, without reporting it. @param {Sample} sample @returns {Answer} */
  answerTo(sample) {
    const began = performance.now();
    const traces = tracesOf(this.networks, sample.features);
    const milliseconds = performance.now() - began;
    const members = traces.map((trace) => trace.outputs);
    return { sample, outputs: meanOutputs(members), members, traces, milliseconds, device: "JavaScript" };
  }
}
