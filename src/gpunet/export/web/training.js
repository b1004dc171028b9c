// Training in the page: epochs in the same order as Python's for the same seed, as many steps at a
// time as the GPU takes in a moment, so that the page stays awake and can be paused at any step.

import { PageEngine } from "./engine.js";
import { targetScores } from "./metrics.js";
import { StepClock } from "./pace.js";
import { initialParameters } from "./parameters.js";
import { permutation } from "./rng.js";
import { deviceSamples } from "./samples.js";

/** @typedef {import("./gpu.js").Gpu} Gpu */
/** @typedef {import("./records.js").Samples} Samples */
/** @typedef {import("./types.js").Page} Page */
/** @typedef {import("./types.js").Shape} Shape */

/**
 * How far a training is. Losses and accuracies are means over the epoch so far, of each network.
 * @typedef {object} Progress
 * @property {number} epoch counted from 1
 * @property {number} step of the epoch
 * @property {number} steps of the epoch
 * @property {number[]} losses
 * @property {number[]|null} accuracies null where targets are measured
 * @property {boolean} ended whether the epoch is over
 * @property {Scores|null} test after an epoch; null where the page carries no test samples
 * @property {number} stepsPerSecond of every network
 * @property {number} samplesPerSecond of all networks
 */

/** @typedef {{losses: number[], accuracies: number[]|null, r2s: number[]|null}} Scores of the test samples in the page */

/** Where a training stands that may be taken up again. @typedef {{epoch: number, taken: number, parameters: Float32Array, moments: Float32Array}} Standing */

/** Milliseconds, at least, between two copies of the networks, kept for the case that the GPU is lost. */
const KEEP_EVERY = 2000;

/** How often an epoch shows what the reader has taught, as far as there is room for it. */
const TAUGHT_TIMES = 8;

export class Training {
  /**
   * @param {Page} page
   * @param {Gpu} gpu
   * @param {object} settings
   * @param {Shape} settings.shape one of the page's
   * @param {string} settings.optimizer the name of one of the page's
   * @param {number[]} settings.rates the learning rate of each network
   * @param {number} settings.seed of the first network; each other one's is greater by one
   * @param {Float32Array|null} settings.parameters (P * N,) to begin with; null: drawn by the seed
   */
  constructor(page, gpu, { shape, optimizer, rates, seed, parameters }) {
    this.page = page;
    this.gpu = gpu;
    this.shape = shape;
    this.optimizer = optimizer;
    this.rates = rates;
    this.seeds = rates.map((_, network) => seed + network);
    this.samples = deviceSamples(page, "train", page.data.taught);
    this.testSamples = page.data.data?.test ? deviceSamples(page, "test") : null;
    this.running = false;
    /** Samples that were taught, and in which row the next one lies. */
    this.taught = { count: 0, next: 0 };
    this.epoch = 1;
    this.step = 0;
    /** Samples and steps of the epoch. */
    this.counts = { samples: 0, steps: 0 };
    /** Steps taken in the epochs before. */
    this.taken = 0;
    /** Whether the engine knows of the present epoch. */
    this.begun = false;
    this.clock = new StepClock();
    /** Where to go back to when the GPU is lost. @type {Standing} */
    this.kept = { epoch: 1, taken: 0, parameters: parameters ?? initialParameters(shape, this.seeds), moments: new Float32Array(0) };
    this.keptAt = 0;
    /** The orders of the coming epoch, drawn while the GPU works. @type {{key: string, orders: Uint32Array[]}|null} */
    this.drawn = null;
    /** @type {PageEngine|null} */
    this.opened = null;
  }

  /** Makes the buffers and compiles the programs, anew if the GPU was lost, and goes on from what was kept. */
  async open() {
    this.opened?.close();
    const { page, gpu, shape, seeds, optimizer, samples, testSamples, kept } = this;
    const engine = new PageEngine(page, gpu, { shape, seeds, optimizer });
    engine.load("train", samples);
    if (testSamples !== null) engine.load("test", testSamples);
    engine.setParameters(kept.parameters);
    engine.setMoments(kept.moments);
    await engine.prepareTraining();
    this.opened = engine;
    this.epoch = kept.epoch;
    this.taken = kept.taken;
    this.step = 0;
    this.begun = false;
    this.keptAt = performance.now();
  }

  /**
   * Trains until it is paused. The epoch in which the GPU is lost begins again on another one.
   * @param {(progress: Progress) => void} listener hears about ten times a second, and after each epoch
   */
  async run(listener) {
    this.running = true;
    try {
      while (this.running) {
        try {
          await this.runEpoch(listener);
        } catch (error) {
          if (!this.engine.alive || (await isLost(this.engine.device))) await this.recover();
          else throw error;
        }
      }
    } finally {
      this.running = false;
    }
  }

  /** Stops after the steps that the GPU works at. */
  pause() {
    this.running = false;
  }

  /** @param {number[]} rates the learning rate of each network, from now on */
  setRates(rates) {
    this.rates = rates;
    if (this.begun) this.engine.setLearningRates(this.learningRates());
  }

  /**
   * Lets every epoch from the next one on hold this sample, too, several times as far as there is
   * room. The oldest one goes where there are as many as the page has room for.
   * @param {Uint8Array|Float32Array} features as the network takes them: fractions of 1, or bytes
   * @param {number|ArrayLike<number>} label a class, or the targets
   */
  teach(features, label) {
    const { next, count } = this.taught;
    const { inputs } = this.shape.layers[0];
    const row = this.own + next;
    const asBytes = this.samples.features instanceof Uint8Array && features instanceof Float32Array;
    this.samples.features.set(asBytes ? features.map((one) => Math.round(255 * one)) : features, row * inputs);
    const targets = typeof label === "number" ? [label] : label;
    this.samples.labels.set(targets, row * targets.length);
    this.taught = { count: Math.min(count + 1, this.room), next: (next + 1) % this.room };
    this.engine.load("train", this.samples);
  }

  /** The weights and biases of all networks now, (P * N,). */
  async parameters() {
    try {
      return await this.engine.parameters();
    } catch (error) {
      if (this.engine.alive) throw error;
      return this.kept.parameters;
    }
  }

  close() {
    this.running = false;
    this.opened?.close();
  }

  /** @returns {PageEngine} */
  get engine() {
    if (this.opened === null) throw new Error("the training was not opened");
    return this.opened;
  }

  /** The page's own training samples. */
  get own() {
    return this.page.data.data?.train ?? 0;
  }

  /** Rows for what is taught. */
  get room() {
    return this.page.data.taught;
  }

  /** Samples of an epoch: the page's own, and what was taught, several times. */
  get length() {
    const { count } = this.taught;
    return this.own + (count && count * Math.max(1, Math.min(TAUGHT_TIMES, Math.floor(this.room / count))));
  }

  /** The rates (P,) of the epoch's steps (S,): they stay as the reader sets them. */
  learningRates() {
    return this.rates.map((rate) => new Float64Array(this.counts.steps).fill(rate));
  }

  /** The rest of the epoch, unless it is paused. @param {(progress: Progress) => void} listener */
  async runEpoch(listener) {
    if (!this.begun) this.beginEpoch();
    const { engine, clock, counts } = this;
    clock.start(this.step);
    let before = Promise.resolve();
    while (this.running && this.step < counts.steps) {
      const steps = Math.min(clock.pace, counts.steps - this.step);
      engine.train(steps);
      this.step += steps;
      const done = engine.device.queue.onSubmittedWorkDone();
      this.drawn ??= this.ordersOf(this.epoch + 1);
      await before; // one stretch runs while the next one is recorded
      if (!engine.alive) throw new Error("the GPU is lost");
      before = done;
      clock.done(steps);
      if (clock.isDue && this.step < counts.steps) listener(await this.progress());
    }
    if (this.step === counts.steps) await this.endEpoch(listener);
    else listener(await this.progress());
  }

  /** Gives the epoch's order and rates to the engine. */
  beginEpoch() {
    const known = this.drawn?.key === this.orderKey(this.epoch) ? this.drawn : this.ordersOf(this.epoch);
    const samples = known.orders[0].length;
    this.counts = { samples, steps: Math.ceil(samples / this.page.data.batchSize) };
    this.engine.beginEpoch(known.orders, this.learningRates(), this.taken);
    this.drawn = null;
    this.begun = true;
    this.step = 0;
  }

  /** Reports an epoch that has ended, with the scores of the test samples. @param {(progress: Progress) => void} listener */
  async endEpoch(listener) {
    const told = await this.progress();
    const test = this.testSamples && (await this.scores(this.testSamples));
    this.taken += this.counts.steps;
    this.epoch += 1;
    this.begun = false;
    if (performance.now() - this.keptAt > KEEP_EVERY) {
      const [parameters, moments] = [await this.engine.parameters(), await this.engine.moments()];
      this.kept = { epoch: this.epoch, taken: this.taken, parameters, moments };
      this.keptAt = performance.now();
    }
    listener({ ...told, ended: true, test });
  }

  /** How far the epoch is; waits for the device. @returns {Promise<Progress>} */
  async progress() {
    const { epoch, step, counts: { samples, steps } } = this;
    const { losses, accuracies } = await this.engine.metrics();
    const stepsPerSecond = this.clock.rate(step);
    const samplesPerSecond = stepsPerSecond * (samples / steps) * this.rates.length;
    return { epoch, step, steps, losses, accuracies, ended: false, test: null, stepsPerSecond, samplesPerSecond };
  }

  /** @param {Samples} samples of the test set @returns {Promise<Scores>} */
  async scores({ labels }) {
    const { losses, accuracies } = await this.engine.evaluate("test");
    return { losses, accuracies, r2s: accuracies ? null : await this.explained(Float64Array.from(labels)) };
  }

  /** R2 of every network, the mean over the targets. @param {Float64Array} targets (n * T,) of the test samples */
  async explained(targets) {
    const { page, engine, seeds, shape: { layers } } = this;
    const width = layers[layers.length - 1].outputs;
    const counts = page.blocks.get("test.weights") ?? new Float32Array(targets.length / width).fill(1);
    const answers = Float64Array.from(await engine.predict("test")); // (P * n * T,)
    return seeds.map((_, network) =>
      targetScores(targets, answers.subarray(network * targets.length), width, counts).r2);
  }

  /** What tells the orders of an epoch apart. @param {number} epoch */
  orderKey(epoch) {
    return `${epoch} of ${this.length}`;
  }

  /** The rows in an epoch's order, of every network; past the page's own ones they are the taught. @param {number} epoch */
  ordersOf(epoch) {
    const { own, length, taught } = this;
    const orders = this.seeds.map((seed) =>
      permutation(seed, epoch, length).map((row) => (row < own ? row : own + ((row - own) % taught.count))));
    return { key: this.orderKey(epoch), orders };
  }

  /** Goes on with another device from what was kept. */
  async recover() {
    if (!(await this.gpu.ready)) {
      throw new Error("the browser lost the GPU and could not open it again; load the page anew to train on");
    }
    await this.open();
  }
}

/** Whether a device is lost, or is in a moment. @param {GPUDevice} device */
function isLost(device) {
  const moment = new Promise((resolve) => { setTimeout(() => resolve(false), 500); });
  return Promise.race([device.lost.then(() => true), moment]);
}
