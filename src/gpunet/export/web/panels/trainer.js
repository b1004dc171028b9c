// The base of the panels that train: the settings, a session with them, and the bar that
// starts, pauses and resets it. One training runs at a time; starting one pauses the other.

import { actionButton, element, fillPanel } from "../dom.js";
import { counted, short } from "../formats.js";
import { Session } from "../session.js";
import { Settings } from "./settings.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../training.js").Progress} Progress */

/** Why the page cannot train, and what to do; empty if nothing is in the way. @param {App} app @param {boolean} asked whether the browser has been asked for a GPU */
function obstacleToTraining({ page, gpu }, asked) {
  if (!page.data.data?.train) {
    return "This page carries no samples to train on: write it again with `gpunet export --samples 4000`.";
  }
  if (gpu?.lost || !("gpu" in navigator) || (gpu === null && asked)) {
    return "Training needs WebGPU, which this browser does not offer here: open the page in Chrome or Edge, or in Safari 26.";
  }
  return "";
}

/**
 * Fills a panel as soon as the page can train, and says why as long as it cannot.
 * @param {HTMLElement} root
 * @param {App} app
 * @param {string} title
 * @param {() => TrainerPanel} make
 */
export function fillTrainer(root, app, title, make) {
  const obstacle = element("p", { className: "trainer-obstacle" });
  fillPanel(root, title, obstacle);
  /** @type {TrainerPanel|null} */
  let panel = null;
  const refresh = (/** @type {boolean} */ asked) => {
    obstacle.textContent = obstacleToTraining(app, asked);
    obstacle.hidden = obstacle.textContent === "";
    if (panel === null && obstacle.hidden) {
      panel = make();
      root.append(panel.node);
    }
    if (panel === null) return;
    panel.node.hidden = !obstacle.hidden;
    panel.draw();
  };
  app.on("device", () => refresh(true));
  refresh(app.gpu !== null);
}

export class TrainerPanel {
  /**
   * @param {App} app
   * @param {number} networks that are trained side by side; 0: as many as the model has
   * @param {string} hint text that is shown until there is a message
   */
  constructor(app, networks, hint) {
    this.app = app;
    this.hint = hint;
    /** @type {Session|null} */
    this.session = null;
    this.settings = new Settings(app, networks, () => this.begin());
    this.node = element("div", { className: "trainer" });
    this.startButton = actionButton("Train", () => this.toggle(), { className: "primary trainer-start" });
    this.epochButton = actionButton("One epoch", () => void this.train(({ ended }) => ended));
    this.resetButton = actionButton("Reset", () => this.reset());
    this.where = element("span", { className: "trainer-where number" });
    this.pace = element("span", { className: "quiet number" });
    this.part = element("progress", { max: 1, value: 0, "aria-label": "Part of the epoch" });
    this.message = element("p", { className: "trainer-message", role: "status" });
    this.bar = element("div", { className: "trainer-bar" }, this.startButton, this.epochButton, this.resetButton,
      element("div", { className: "trainer-progress" }, this.where, this.pace, this.part));
    app.on("training", (who) => { if (who !== this) this.session?.pause(); });
  }

  /** The learning rates of the networks. @returns {number[]} */
  rates() {
    return [];
  }

  /** Shows new weights of a session, which all are numbers, and puts them into use. @param {Session} _ */
  use(_) {}

  /** Makes a new session out of the settings; the networks in use stay as they are. */
  begin() {
    void this.session?.close();
    const { settings, app } = this;
    const { shape, optimizer, seed } = settings;
    const chosen = { shape, optimizer: optimizer.name, rates: this.rates(), seed, parameters: settings.parameters() };
    this.session = new Session(app.page, chosen, {
      progress: (session) => { if (session === this.session) this.draw(); },
      weights: (session) => { if (session === this.session) this.use(session); },
    });
    this.say("");
    this.draw();
  }

  /** Trains until paused, or until `enough` says so. @param {(progress: Progress) => boolean} [enough] */
  train(enough) {
    return this.guarded(async () => {
      const { session, app } = this;
      if (session === null || app.gpu === null) return;
      app.emit("training", this);
      this.say("");
      const going = session.train(app.gpu, enough);
      this.draw();
      await going;
    });
  }

  toggle() {
    if (this.session?.going) this.session.pause();
    else void this.train();
  }

  /** Goes back to the weights that the training starts from. */
  reset() {
    this.begin();
    if (this.session !== null) this.use(this.session);
  }

  /** Runs an action, and shows its error if it fails. @param {() => Promise<void>} work */
  async guarded(work) {
    try {
      await work();
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error));
    }
    this.draw();
  }

  /** @param {string} text in place of the hint */
  say(text) {
    this.message.textContent = text || this.hint;
    this.message.classList.toggle("quiet", text === "");
  }

  /** Epochs that have begun. */
  get begun() {
    const { session } = this;
    return session === null ? 0 : session.epochs + (session.ways[0].live === null ? 0 : 1);
  }

  /** Shows the progress of the training. */
  draw() {
    if (this.session === null) return;
    const { going, progress } = this.session;
    this.startButton.textContent = going ? "Pause" : "Train";
    this.epochButton.disabled = going !== null;
    this.where.textContent = progress === null ? "not trained yet" : `epoch ${this.begun}, step ${counted(progress.step)} of ${counted(progress.steps)}`;
    this.part.value = progress === null ? 0 : progress.step / progress.steps;
    if (progress === null) this.pace.textContent = "\u00a0";
    else if (progress.stepsPerSecond > 0) this.pace.textContent = `${progress.stepsPerSecond < 10 ? short(progress.stepsPerSecond) : counted(progress.stepsPerSecond)} steps, ${counted(progress.samplesPerSecond)} samples a second`;
  }
}
