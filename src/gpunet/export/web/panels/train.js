// "Train here": continues the training in the page; the new weights answer at once.

import { actionButton, element } from "../dom.js";
import { decimal, percent, short } from "../formats.js";
import { modelFile, saveAsFile } from "../safetensors.js";
import { bestOf, meanWay } from "../session.js";
import { testedOf, testOutputs } from "../testing.js";
import { epochAxis, lossAxis, scoreAxis } from "./axes.js";
import { Curves } from "./curves.js";
import { EpochTable } from "./epoch-table.js";
import { Filters } from "./filters.js";
import { lesson } from "./lesson.js";
import { RateSlider } from "./rate.js";
import { TrainerPanel, fillTrainer } from "./trainer.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../session.js").Reached} Reached */
/** @typedef {import("../session.js").Session} Session */
/** @typedef {import("../types.js").Sample} Sample */

/** Milliseconds between two pictures of the weights while they form. */
const FORMING = 250;

const KINDS = [{ name: "training", color: "--learned", dashed: true }, { name: "test", color: "--accent", dashed: false }];

/** @param {HTMLElement} root @param {App} app */
export function createTrain(root, app) {
  fillTrainer(root, app, "Train here", () => new TrainPanel(app));
}

class TrainPanel extends TrainerPanel {
  /** @param {App} app */
  constructor(app) {
    super(app, 0, "The rate stays where the slider is; moving it changes a training at once. After each epoch the network that is trained answers everywhere in this page. What it learns is gone once the page is closed, unless it is downloaded.");
    const measured = app.page.data.model.shape.kind === "measured";
    const scoreText = measured ? decimal : percent;
    this.rate = new RateSlider(this.settings.optimizer.learningRate, () => this.session?.setRates(this.rates()));
    this.loss = new Curves("Loss", KINDS, { value: decimal, tick: short });
    this.score = new Curves(measured ? "R2" : "Accuracy", KINDS, { value: scoreText, tick: measured ? short : (share) => percent(share, 0) });
    this.table = new EpochTable(measured ? "R2" : "accuracy", scoreText);
    this.filters = new Filters(app.page.data.model.image);
    this.logBox = element("input", { type: "checkbox" });
    this.logBox.addEventListener("change", () => this.draw());
    this.best = element("p", { className: "train-best number" });
    this.fill();
    app.on("teach", ({ sample, label }) => void this.guarded(() => this.teach(sample, label)));
    setInterval(() => void this.form(), FORMING);
    this.begin();
  }

  fill() {
    this.node.append(this.bar, this.settings.node, this.rate.node, this.message,
      element("div", { className: "train-charts" }, this.loss.node, this.score.node),
      element("div", { className: "train-below" }, this.best, element("label", { className: "train-log" }, this.logBox, "Logarithmic loss")),
      this.filters.node, this.table.node,
      element("div", { className: "trainer-bar" },
        actionButton("Back to the saved network", () => this.back()), actionButton("Download the network", () => void this.guarded(() => this.download()))));
  }

  /** @override */
  rates() {
    return new Array(this.settings.networks).fill(this.rate.rate);
  }

  /** @override */
  begin() {
    const { learningRate } = this.settings.optimizer;
    if (learningRate !== this.rate.own) this.rate.reset(learningRate);
    super.begin();
    this.showWeights();
  }

  /** @override */
  use() {
    this.showWeights();
    const { session } = this;
    if (session === null) return;
    if (session.isFinite) {
      this.app.replace(session.settings.shape, session.parameters, session.settings.rates.length, this.trained(session));
    } else {
      session.pause();
      this.say("The weights have become infinite, so they are not used: reset, and train with a lower learning rate.");
    }
  }

  /** How the networks of a session were trained; null before the first step from the saved ones. @param {Session} session */
  trained({ settings, epochs, progress }) {
    const untouched = progress === null && settings.parameters === this.app.saved().parameters;
    return untouched ? null : { optimizer: settings.optimizer, learningRate: this.rate.rate, seed: settings.seed, epochs };
  }

  /** Saves the networks in use, with their joint test scores. */
  async download() {
    const { page, networks, gpu } = this.app;
    const outputs = networks.trained && page.data.data?.test ? await testOutputs(page, networks, gpu, () => false) : null;
    const tested = outputs && testedOf(page, outputs);
    const ownLoss = networks.shape.loss === "quadratic" ? null : tested?.loss; // else it is the cross-entropy
    /** @type {import("../safetensors.js").TestScores} */
    const scores = tested === null ? {} : { loss: ownLoss ?? null, accuracy: tested.accuracy, ...tested.errors };
    const name = `${networks.shape.name}-trained-in-page.safetensors`;
    saveAsFile(modelFile(page, networks, scores), name);
    this.say(`Saved as ${name}, which \`gpunet evaluate ${name}\` tests with all samples.`);
  }

  showWeights() {
    if (this.session !== null) this.filters.show(this.session.settings.shape, this.session.parameters);
  }

  /** Reads and draws the first layer while it forms, unless nobody sees it. */
  async form() {
    if (!this.session?.going || document.hidden) return;
    await this.session.read().catch(() => {}); // the training itself tells of a lost GPU
    this.showWeights();
  }

  back() {
    this.settings.choose("saved");
    this.reset();
    this.say("The saved network answers again.");
  }

  /** Trains with a drawing among the samples, and says what that changed. @param {Sample} sample @param {number} label */
  async teach(sample, label) {
    const { app } = this;
    if (app.gpu === null || app.page.data.model.shape.kind !== "classes") return;
    if (this.session?.parameters !== app.networks.parameters) {
      this.settings.choose("in use"); // what the population panel put there, say
      this.begin();
    }
    const session = /** @type {Session} */ (this.session);
    const resumes = session.going !== null;
    app.emit("training", this);
    this.say(`Learning that this is ${app.page.data.model.classes[label]}…`);
    const told = await lesson(app, app.gpu, session, sample, label);
    if (session !== this.session) return;
    if (resumes) void this.train();
    this.say(told);
    app.emit("taught", told);
  }

  /** @override */
  draw() {
    super.draw();
    if (this.session === null) return;
    const way = meanWay(this.session.ways);
    const best = bestOf(way.test);
    this.best.textContent = best === null ? "best in the test: –" : `best in the test: ${this.score.texts.value(best.score)} after epoch ${best.x}`;
    this.table.show(way);
    const curves = [way.live === null ? way.train : [...way.train, way.live], way.test];
    const x = epochAxis(this.begun);
    /** @param {(reached: Reached) => number} valueOf @param {(values: number[]) => import("../charts.js").Axis} axisOf */
    const content = (valueOf, axisOf) => {
      const points = curves.map((curve) => curve.map((reached) => ({ x: reached.x, y: valueOf(reached) })));
      return { points, x, y: axisOf(points.flat().map(({ y }) => y)), mark: best && { x: best.x, y: valueOf(best) } };
    };
    this.loss.show(content(({ loss }) => loss, (losses) => lossAxis(losses, this.logBox.checked)));
    this.score.show(content(({ score }) => score, scoreAxis));
  }
}
