// A training that panels show: the engine's Training, what it has shown so far of each network, and
// the weights that it has reached.

import { Training } from "./training.js";

/** @typedef {import("./gpu.js").Gpu} Gpu */
/** @typedef {import("./training.js").Progress} Progress */
/** @typedef {import("./types.js").Page} Page */
/** @typedef {import("./types.js").Shape} Shape */

/**
 * @typedef {object} SessionSettings
 * @property {Shape} shape one of the page's
 * @property {string} optimizer
 * @property {number[]} rates learning rates, one for each of P networks
 * @property {number} seed
 * @property {Float32Array} parameters (P * N,) to begin with
 */

/** What a network has reached after x epochs; the score is its accuracy or R2, NaN where there is none. @typedef {{x: number, loss: number, score: number}} Reached */

/**
 * A network's way: what training and test came to after each epoch, and the epoch that runs so far.
 * @typedef {{train: Reached[], live: Reached|null, test: Reached[]}} Way
 */

/** @typedef {{progress: (session: Session) => void, weights: (session: Session) => void}} Listeners of a session: progress, and new weights after an epoch or at a pause */

export class Session {
  /**
   * @param {Page} page
   * @param {SessionSettings} settings
   * @param {Listeners} listeners
   */
  constructor(page, settings, listeners) {
    this.page = page;
    this.settings = settings;
    this.listeners = listeners;
    this.parameters = settings.parameters;
    /** @type {Way[]} */
    this.ways = settings.rates.map(() => ({ train: [], live: null, test: [] }));
    /** @type {Progress|null} */
    this.progress = null;
    /** @type {Training|null} */
    this.training = null;
    /** The training that is under way; null while it pauses. @type {Promise<void>|null} */
    this.going = null;
    this.closed = false;
    this.enough = (/** @type {Progress} */ _) => false;
    /** @type {Promise<void>} */
    this.reading = Promise.resolve();
  }

  /** Whether all weights are numbers: training with too high a rate ends in none. */
  get isFinite() {
    return this.parameters.every(Number.isFinite);
  }

  /** Epochs that have ended. */
  get epochs() {
    return this.ways[0].train.length;
  }

  /**
   * Makes ready to train.
   * @param {Gpu} gpu
   * @returns {Promise<Training>}
   * @throws {Error} in one sentence, if the device cannot do it
   */
  async open(gpu) {
    if (this.training === null) {
      const training = new Training(this.page, gpu, this.settings);
      await training.open();
      this.training = training;
    }
    return this.training;
  }

  /**
   * Trains until paused, or until there is enough; while it trains already only `enough` is new.
   * @param {Gpu} gpu
   * @param {(progress: Progress) => boolean} [enough]
   */
  train(gpu, enough = () => false) {
    this.enough = enough;
    this.going ??= this.trainOn(gpu).finally(() => { this.going = null; });
    return this.going;
  }

  /** @param {Gpu} gpu */
  async trainOn(gpu) {
    if (this.closed) return;
    this.wanted = true;
    const training = await this.open(gpu);
    if (this.wanted) await training.run((progress) => this.note(progress));
    await this.weigh();
  }

  pause() {
    this.wanted = false;
    this.training?.pause();
  }

  /** @param {Progress} progress */
  note(progress) {
    this.progress = progress;
    const { losses, accuracies, ended, test, step, steps } = progress;
    const x = this.epochs + (ended ? 1 : step / steps);
    this.ways.forEach((way, network) => {
      const reached = { x, loss: losses[network], score: accuracies?.[network] ?? NaN };
      way.live = ended ? null : reached;
      if (ended) way.train.push(reached);
      if (test === null) return;
      const scores = test.accuracies ?? test.r2s;
      way.test.push({ x, loss: test.losses[network], score: scores?.[network] ?? NaN });
    });
    if (ended) this.weigh().catch(() => {}); // the end of the training reads again, and tells
    if (this.enough(progress)) this.pause();
    this.listeners.progress(this);
  }

  /** Reads the weights from the device, one reading after the other. */
  read() {
    this.reading = this.reading.catch(() => {}).then(async () => {
      if (this.training !== null) this.parameters = await this.training.parameters();
    });
    return this.reading;
  }

  /** Reads the weights and tells of them. */
  async weigh() {
    await this.read();
    this.listeners.weights(this);
  }

  /** @param {number[]} rates from now on */
  setRates(rates) {
    this.settings.rates = rates;
    this.training?.setRates(rates);
  }

  /** Ends the training and gives its memory back. */
  async close() {
    this.closed = true;
    this.pause();
    await this.going?.catch(() => {}); // who waits for the training itself hears of it
    await this.reading.catch(() => {});
    this.training?.close();
    this.training = null;
  }
}

/** The best of what a test has shown. @param {Reached[]} test @returns {Reached|null} */
export function bestOf(test) {
  return test.filter(({ loss }) => Number.isFinite(loss)).reduce(
    (/** @type {Reached|null} */ best, one) => (best === null || isBetter(one, best) ? one : best), null);
}

/** Whether one has the higher score, or where they are alike or unknown the lower loss. @param {Reached} one @param {Reached} other */
export function isBetter(one, other) {
  return Math.abs(one.score - other.score) > 0 ? one.score > other.score : one.loss < other.loss;
}

/** What several networks have reached on average. @param {Way[]} ways @returns {Way} */
export function meanWay(ways) {
  /** @param {Reached[]} reached by each network */
  const mean = (reached) => ({
    x: reached[0].x,
    loss: reached.reduce((sum, { loss }) => sum + loss, 0) / reached.length,
    score: reached.reduce((sum, { score }) => sum + score, 0) / reached.length,
  });
  const [{ train, test }] = ways;
  const lives = ways.flatMap(({ live }) => (live === null ? [] : [live]));
  return {
    train: train.map((_, at) => mean(ways.map((way) => way.train[at]))),
    live: lives.length === 0 ? null : mean(lives),
    test: test.map((_, at) => mean(ways.map((way) => way.test[at]))),
  };
}
