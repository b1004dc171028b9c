// The engine of the page: networks side by side on the GPU, trained and scored by the same programs
// and with the same calls as gpunet's own engine in Python.
// The order of calls: load the splits and set the parameters; then, for every epoch, begin it, train in
// any number of calls, and read the metrics.

import { DeviceBuffers } from "./buffers.js";
import { packed, padded, unpacked } from "./parameters.js";
import { bytesOfText, inBatches, inWholeFours, labelWords, metricWeights, repeatedBytes, weightsByStep } from "./records.js";
import { Runner } from "./runner.js";
import { stepSchedule } from "./schedule.js";

/** @typedef {import("./gpu.js").Gpu} Gpu */
/** @typedef {import("./runner.js").BoundProgram} BoundProgram */
/** @typedef {import("./records.js").Samples} Samples */
/** @typedef {import("./types.js").Page} Page */
/** @typedef {import("./types.js").Program} Program */
/** @typedef {import("./types.js").Shape} Shape */

/** @typedef {"train"|"test"|"sample"} Split a "sample" is a single one */

/**
 * Means over the samples seen, of each network; NaN where none was seen.
 * @typedef {object} Metrics
 * @property {number[]} losses
 * @property {number[]|null} accuracies null where targets are measured
 * @property {number[]} seen samples
 */

/** Most steps in one command buffer, so that recording and running overlap. */
const STEPS_A_SUBMISSION = 64;

/** Most steps of the persistent plan in one dispatch. */
const STEPS_A_DISPATCH = 256;

/** Largest relative difference between a sum of weights in float32 and in float64. */
const WEIGHTS_ROUNDING = 1e-6;

export class PageEngine {
  /**
   * @param {Page} page
   * @param {Gpu} gpu
   * @param {object} settings
   * @param {Shape} settings.shape one of the page's
   * @param {number[]} settings.seeds one for each network
   * @param {string|null} [settings.optimizer] null if nothing is trained
   */
  constructor(page, gpu, { shape, seeds, optimizer = null }) {
    this.page = page;
    this.gpu = gpu;
    this.device = gpu.device;
    this.shape = shape;
    this.seeds = seeds;
    this.optimizer = page.data.optimizers.find(({ name }) => name === optimizer) ?? page.data.optimizers[0];
    this.trains = optimizer !== null;
    this.buffers = new DeviceBuffers(this.device);
    this.runner = new Runner(this.device, page.data.shaders);
    /** @type {Map<Split, Samples & {count: number}>} */
    this.splits = new Map();
    /** @type {Map<Split, Promise<BoundProgram>>} */
    this.scoring = new Map();
    /** @type {BoundProgram|null} */
    this.training = null;
    /** Samples of this epoch, and steps requested so far. */
    this.epoch = { samples: 0, asked: 0, firstStep: 0, stride: 0 };
    /** For each network, the total weight of the samples seen after each step of the epoch. @type {Float64Array[]|null} */
    this.weightsSeen = null;
    this.open();
  }

  /** Networks side by side, P. */
  get population() {
    return this.seeds.length;
  }

  /** Whether its device is still the current one. */
  get alive() {
    return this.device === this.gpu.device && !this.gpu.lost;
  }

  /** Makes the buffers that keep the networks from epoch to epoch. */
  open() {
    const program = this.program(this.trains ? this.optimizer.name : null);
    this.make(program, "", ["parameters", "moments", "networks"]);
    const bytes = 4 * this.population * this.shape.layout.size;
    this.buffers.ensure("parameters", bytes);
    const rates = bytesOfText(this.shape.dropout);
    this.buffers.ensure("dropout_rates", this.population * rates.length);
    this.buffers.write("dropout_rates", repeatedBytes(rates, this.population));
  }

  /**
   * The page's program for these networks.
   * @param {string|null} optimizer null for a program that scores
   * @param {boolean} [alone] whether it scores one sample alone
   * @returns {Program}
   */
  program(optimizer, alone = true) {
    const { programs, shapes } = this.page.data;
    const shape = shapes.findIndex(({ name }) => name === this.shape.name);
    const entry = programs.find((one) =>
      one.shape === shape && one.population === this.population && one.optimizer === optimizer &&
      one.software === this.gpu.software && (optimizer !== null || (one.program.rows === 1) === alone));
    if (entry === undefined) {
      throw new Error(`the page has no program for ${this.population} networks ${this.shape.name}`);
    }
    return entry.program;
  }

  /** Uploads a split to the device. @param {Split} split @param {Samples} samples */
  load(split, samples) {
    const count = samples.features.length / this.shape.layers[0].inputs;
    this.splits.set(split, { ...samples, count });
    const parts = { samples: inWholeFours(samples.features, count), labels: labelWords(samples, count) };
    for (const [part, data] of Object.entries(parts)) {
      const name = `${split} ${part}`;
      const known = this.buffers.named.get(name);
      if (this.buffers.ensure(name, data.byteLength) !== known) this.scoring.delete(split); // its program binds the old buffer
      this.buffers.write(name, data);
    }
  }

  /** Sets all weights and biases and forgets the optimizer's moments. @param {Float32Array} parameters (P * N,) */
  setParameters(parameters) {
    this.buffers.write("parameters", packed(this.shape, parameters, this.population));
    if (this.trains) this.setMoments(new Float32Array(this.optimizer.moments * parameters.length));
  }

  /** A copy of all weights and biases (P * N,). */
  async parameters() {
    const bytes = 4 * this.population * this.shape.layout.size;
    const numbers = new Float32Array(await this.buffers.read("parameters", [[0, bytes]]));
    return unpacked(this.shape, numbers, this.population);
  }

  /** @param {Float32Array} moments (M * P * N,) */
  setMoments(moments) {
    if (moments.length > 0) {
      this.buffers.write("moments", packed(this.shape, moments, this.optimizer.moments * this.population));
    }
  }

  /** A copy of the optimizer's moments (M * P * N,). */
  async moments() {
    const arrays = this.optimizer.moments * this.population;
    if (arrays === 0) return new Float32Array(0);
    const kept = await this.buffers.read("moments", [[0, 4 * arrays * this.shape.layout.size]]);
    return unpacked(this.shape, new Float32Array(kept), arrays);
  }

  /** Compiles the program of training; the training split must be loaded. */
  async prepareTraining() {
    const program = this.program(this.optimizer.name);
    this.make(program);
    this.training = await this.runner.bind(program, (name) => this.buffers.get(ownName("train", name, [])));
  }

  /**
   * Starts an epoch over the training split; metrics count from zero.
   * @param {Uint32Array[]} orders the rows in this epoch's order: one for all networks, or one for each
   * @param {ArrayLike<number>[]} learningRates (P,) of the epoch's steps (S,)
   * @param {number} firstStep steps taken before; dropout and the optimizer's factors are keyed by it
   */
  beginEpoch(orders, learningRates, firstStep) {
    const rows = this.trainingProgram.rows;
    const samples = orders[0].length;
    const steps = Math.ceil(samples / rows);
    this.epoch = { samples, asked: 0, firstStep, stride: orders.length > 1 ? steps * padded(rows) : 0 };
    const weights = metricWeights(this.splits.get("train"));
    this.weightsSeen = weights && orders.map((order) => weightsByStep(weights, order, rows));
    this.buffers.write("order", inBatches(orders, rows));
    this.setLearningRates(learningRates);
    this.buffers.write("networks", this.networkRecords(samples, firstStep));
    this.writeBatch(0, 0);
  }

  /** Changes the learning rates of the epoch's remaining steps. @param {ArrayLike<number>[]} learningRates (P,) of (S,) */
  setLearningRates(learningRates) {
    this.buffers.write("schedule", stepSchedule(this.optimizer, learningRates, this.epoch.firstStep));
  }

  /** Takes the epoch's next steps; it returns before the device has finished them. @param {number} steps */
  train(steps) {
    const bound = /** @type {BoundProgram} */ (this.training);
    this.epoch.asked += steps;
    if (bound.program.many_steps) {
      const atOnce = Math.min(steps, STEPS_A_DISPATCH);
      this.writeBatch(this.epoch.asked, atOnce);
      this.runner.run(bound, Math.ceil(steps / atOnce));
      return;
    }
    for (let first = 0; first < steps; first += STEPS_A_SUBMISSION) {
      this.runner.run(bound, Math.min(STEPS_A_SUBMISSION, steps - first));
    }
  }

  /** The epoch's metrics so far; waits for the device. */
  async metrics() {
    const records = await this.records("networks");
    const weights = this.weightsSeen?.map((seen, network) =>
      seen[Math.max(0, Math.ceil(records[network].seen / this.trainingProgram.rows) - 1)]);
    return this.means(records, weights ?? null);
  }

  /** Loss and accuracy over a whole split, without dropout. @param {Split} split */
  async evaluate(split) {
    const { bound, batches } = await this.begunScoring(split);
    this.runner.run(bound, batches);
    const weights = metricWeights(this.splits.get(split));
    return this.means(await this.records(`${split} networks`), weights && [weights.reduce((sum, one) => sum + one, 0)]);
  }

  /**
   * The answers for every sample of a split: probabilities, or measured targets.
   * @param {Split} split
   * @returns {Promise<Float32Array>} (P * n * C,)
   */
  async predict(split) {
    const { bound, batches, count } = await this.begunScoring(split);
    const { rows, values, probabilities_at: first } = bound.program;
    const outputs = this.shape.layers[this.shape.layers.length - 1].outputs;
    const stride = padded(outputs);
    const answers = new Float32Array(this.population * count * outputs);
    const stretches = this.seeds.map((_, network) =>
      /** @type {[number, number]} */ ([4 * (network * values + first), 4 * rows * stride]));
    for (let batch = 0; batch < batches; batch++) {
      this.runner.run(bound, 1);
      const found = new Float32Array(await this.buffers.read(`${split} values`, stretches));
      const whole = Math.min(rows, count - batch * rows);
      for (let network = 0; network < this.population; network++) {
        for (let row = 0; row < whole; row++) {
          const at = (network * rows + row) * stride;
          answers.set(found.subarray(at, at + outputs), (network * count + batch * rows + row) * outputs);
        }
      }
    }
    return answers;
  }

  /** Frees the buffers on the device. */
  close() {
    this.buffers.destroy();
  }

  /** The training's program, once it is compiled. @returns {Program} */
  get trainingProgram() {
    if (this.training === null) throw new Error("the training was not prepared");
    return this.training.program;
  }

  /**
   * Makes the buffers of a program; a split has some of its own.
   * @param {Program} program
   * @param {string} [split]
   * @param {string[]|null} [names] these alone
   */
  make(program, split = "", names = null) {
    for (const { name, bytes, usage } of program.buffers) {
      if (names !== null && !names.includes(name)) continue;
      const kind = usage === "uniform" ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE;
      this.buffers.ensure(`${split} ${name}`.trim(), bytes, kind);
    }
  }

  /** The program that scores a split, compiled, with its own buffers. @param {Split} split */
  async compiledScoring(split) {
    const program = this.program(null, split === "sample");
    this.make(program, split);
    const own = program.buffers.map(({ name }) => name);
    return this.runner.bind(program, (name) => this.buffers.get(ownName(split, name, own)));
  }

  /** The same, set to the split's start, and how many batches it takes. @param {Split} split */
  async begunScoring(split) {
    const compiled = this.scoring.get(split) ?? this.compiledScoring(split);
    this.scoring.set(split, compiled);
    const bound = await compiled;
    const count = this.splits.get(split)?.count ?? 0;
    const { rows } = bound.program;
    const order = inBatches([Uint32Array.from({ length: count }, (_, row) => row)], rows);
    this.buffers.write(`${split} order`, order);
    this.buffers.write(`${split} networks`, this.networkRecords(count, 0));
    this.buffers.write(`${split} batch`, new Uint32Array(4));
    return { bound, count, batches: Math.ceil(count / rows) };
  }

  /** `struct Batch` of shaders/network.wgsl. @param {number} until @param {number} atOnce */
  writeBatch(until, atOnce) {
    const steps = Math.ceil(this.epoch.samples / this.trainingProgram.rows);
    this.buffers.write("batch", Uint32Array.of(steps, this.epoch.stride, until, atOnce));
  }

  /** `struct Network` of every network, at an epoch's start. @param {number} samples @param {number} firstStep */
  networkRecords(samples, firstStep) {
    const { bytes, fields } = this.page.data.network;
    const records = repeatedBytes(bytesOfText(this.optimizer.network), this.population);
    const view = new DataView(records.buffer);
    this.seeds.forEach((seed, network) => {
      view.setUint32(network * bytes + fields.seed.at, seed, true);
      view.setUint32(network * bytes + fields.samples.at, samples, true);
      view.setUint32(network * bytes + fields.first_step.at, firstStep, true);
    });
    return records;
  }

  /** What a buffer of `struct Network` has summed up. @param {string} name */
  async records(name) {
    const { bytes, fields } = this.page.data.network;
    const view = new DataView(await this.buffers.read(name, [[0, bytes * this.population]]));
    return this.seeds.map((_, network) => {
      const first = network * bytes;
      return {
        loss: view.getFloat32(first + fields.loss.at, true),
        score: view.getFloat32(first + fields.score.at, true),
        seen: view.getUint32(first + fields.seen.at, true),
        correct: view.getUint32(first + fields.correct.at, true),
      };
    });
  }

  /**
   * Means from the sums over samples and their total weight.
   * @param {{loss: number, score: number, seen: number, correct: number}[]} records
   * @param {number[]|null} weights one for all networks or one for each; null if all samples count alike
   * @returns {Metrics}
   */
  means(records, weights) {
    const measured = this.shape.kind === "measured";
    /** @type {(of: (record: typeof records[0]) => number) => number[]} */
    const mean = (of) => records.map((record, network) => {
      const weight = weights?.[network % weights.length] || record.seen;
      return record.seen > 0 ? of(record) / weight : NaN;
    });
    const shares = mean(({ correct, score }) => (weights === null ? correct : score));
    return {
      losses: mean(({ loss }) => loss),
      accuracies: measured ? null : shares.map((one) => (weights !== null && one > 1 - WEIGHTS_ROUNDING ? 1 : one)),
      seen: records.map(({ seen }) => seen),
    };
  }
}

/**
 * The name of the buffer that a shader's variable is bound to.
 * @param {string} split
 * @param {string} variable
 * @param {string[]} own variables for which the split has buffers of its own
 */
function ownName(split, variable, own) {
  const ofSplit = variable === "samples" || variable === "labels" || own.includes(variable);
  return ofSplit ? `${split} ${variable}` : variable;
}
