// Networks with different learning rates that train side by side, each with its own small chart. All
// start from the same weights and all charts have one scale, so only the rates make the difference.

import { drawCurves, drawnAnew, oncePerPicture } from "../charts.js";
import { element, menuOf } from "../dom.js";
import { decimal, percent, short } from "../formats.js";
import { isBetter } from "../session.js";
import { epochAxis, lossAxis, scoreAxis } from "./axes.js";
import { settingField } from "./settings.js";
import { TrainerPanel, fillTrainer } from "./trainer.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../charts.js").Axis} Axis */
/** @typedef {import("../session.js").Way} Way */

const FACTORS = ["1.25", "1.5", "2", "3"];

/** @param {HTMLElement} root @param {App} app */
export function createPopulation(root, app) {
  const { data, population, programs } = app.page.data;
  const tooLarge = !programs.some((entry) => entry.optimizer !== null && entry.population === population);
  if (data?.train && tooLarge) return;
  fillTrainer(root, app, "Learning rates side by side", () => new PopulationPanel(app));
}

class PopulationPanel extends TrainerPanel {
  /** @param {App} app */
  constructor(app) {
    super(app, app.page.data.population, "Choose a network, and it answers in the page. All start from the same weights, so only their rates differ.");
    const measured = app.page.data.model.shape.kind === "measured";
    this.scoreName = measured ? "R2" : "accuracy";
    this.scoreText = measured ? decimal : percent;
    this.factorMenu = menuOf(FACTORS.map((factor) => [factor, factor]));
    this.factorMenu.value = "2";
    this.factorMenu.addEventListener("change", () => this.begin());
    this.viewMenu = menuOf([["loss", "loss"], ["log", "logarithmic loss"], ["score", this.scoreName]]);
    this.viewMenu.addEventListener("change", () => this.draw());
    this.settings.node.append(settingField("Factor between rates", this.factorMenu), settingField("Curves", this.viewMenu));
    this.tiles = Array.from({ length: this.settings.networks }, (_, network) => new PopulationTile(() => this.take(network)));
    this.scale = element("p", { className: "quiet number population-scale" });
    this.settings.node.classList.add("population-fields");
    this.node.append(this.bar, this.settings.node, this.message, this.scale,
      element("div", { className: "population-tiles", role: "group", "aria-label": "Networks by learning rate" }, ...this.tiles.map(({ node }) => node)));
    /** The network that answers in the page. @type {number|null} */
    this.taken = null;
    /** @type {Float32Array|null} */
    this.given = null;
    app.on("weights", ({ parameters }) => {
      if (parameters !== this.given && this.taken !== null) {
        this.taken = null;
        this.say("");
        this.draw();
      }
    });
    this.begin();
  }

  /** @override */
  rates() {
    const { learningRate } = this.settings.optimizer;
    const factor = Number(this.factorMenu.value);
    const middle = this.settings.networks >> 1;
    return Array.from({ length: this.settings.networks }, (_, network) => learningRate * factor ** (network - middle));
  }

  /** @override */
  begin() {
    this.taken = null;
    super.begin();
  }

  /** @override */
  reset() {
    this.begin();
  }

  /** @override */
  use() {
    if (this.taken !== null) this.take(this.taken);
  }

  /** Lets one network answer in the page, and go on answering as it trains. @param {number} network */
  take(network) {
    const { session } = this;
    if (session === null) return;
    const { shape, rates } = session.settings;
    const parameters = session.parameters.slice(network * shape.parameters, (network + 1) * shape.parameters);
    if (parameters.every(Number.isFinite)) {
      this.taken = network;
      this.given = parameters;
      this.say(`The network with the rate ${short(rates[network])} answers now, and goes on answering while it trains.`);
      const { optimizer, seed } = session.settings;
      this.app.replace(shape, parameters, 1, { optimizer, learningRate: rates[network], seed, epochs: session.epochs });
    } else {
      this.say(`The network with the rate ${short(rates[network])} has diverged: it has no weights that could answer.`);
    }
    this.draw();
  }

  /** @override */
  draw() {
    super.draw();
    const { session, viewMenu } = this;
    if (session === null) return;
    const ofLoss = viewMenu.value !== "score";
    const curves = session.ways.map((way) => curvesOf(way, ofLoss));
    const values = curves.map((two) => two.flat().map(({ y }) => y));
    const axes = { x: epochAxis(this.begun), y: ofLoss ? lossAxis(usualLosses(values), viewMenu.value === "log") : scoreAxis(values.flat()) };
    const text = ofLoss ? short : this.scoreText;
    this.scale.textContent = `All charts: epochs 0 to ${axes.x.high}, ${ofLoss ? "loss" : this.scoreName} ${text(axes.y.low)} to ${text(axes.y.high)}; training dashed, test solid.`;
    const best = bestOfNetworks(session.ways);
    this.tiles.forEach((tile, network) => tile.show({
      rate: session.settings.rates[network],
      curves: curves[network],
      axes,
      score: this.scoreText(session.ways[network].test.at(-1)?.score ?? NaN),
      scoreName: this.scoreName,
      marks: marksOf(session.ways[network], network === best, network === this.taken, session.settings.shape.layers.at(-1)?.outputs ?? 1),
    }));
  }
}

/** The curves of training and test. @param {Way} way @param {boolean} ofLoss */
function curvesOf({ train, live, test }, ofLoss) {
  return [live === null ? train : [...train, live], test].map((curve) =>
    curve.map(({ x, loss, score }) => ({ x, y: ofLoss ? loss : score })));
}

/** The losses without those far above what half of the networks stay below: one that diverges would make all others flat. @param {number[][]} losses of each network */
function usualLosses(losses) {
  const highest = losses.map((one) => Math.max(...one.filter(Number.isFinite))).sort((a, b) => a - b);
  return losses.flat().filter((loss) => loss <= 1.5 * highest[losses.length >> 1]);
}

/** The network that did best in its latest test. @param {Way[]} ways */
function bestOfNetworks(ways) {
  return ways.reduce((/** @type {number|null} */ best, { test }, network) => {
    const latest = test.at(-1);
    if (latest === undefined || !Number.isFinite(latest.loss)) return best;
    const other = best === null ? undefined : ways[best].test.at(-1);
    return other === undefined || isBetter(latest, other) ? network : best;
  }, null);
}

/** What is said of a network, in words. @param {Way} way @param {boolean} best @param {boolean} taken @param {number} classes */
function marksOf({ train, live }, best, taken, classes) {
  const latest = live ?? train.at(-1);
  // A network that guesses has a loss of log(classes); one beyond twice that has lost its way.
  const diverged = latest !== undefined && !(latest.loss < 2 * Math.max(1, Math.log(classes)) * Math.max(1, train[0]?.loss ?? 1));
  return { best, taken, diverged };
}

/** One network: its rate, its curves, its score. The whole is a button that takes it over. */
class PopulationTile {
  /** @param {() => void} take */
  constructor(take) {
    this.canvas = element("canvas", { className: "population-canvas", "aria-hidden": "true" });
    this.rate = element("span", { className: "population-rate" });
    this.word = element("span", { className: "population-word" });
    this.score = element("span", { className: "population-score" });
    this.node = element("button", { type: "button", className: "population-tile number" },
      element("span", { className: "population-head" }, this.rate, this.word), this.canvas,
      element("span", { className: "quiet" }, "test ", this.score));
    this.node.addEventListener("click", take);
    /** @type {import("../charts.js").Series[]} */
    this.series = [];
    this.axes = { x: epochAxis(0), y: lossAxis([], false) };
    this.draw = oncePerPicture(() => drawCurves(this.canvas, this.series, { ...this.axes, label: short, small: true }));
    drawnAnew(this.canvas, this.draw);
  }

  /** @param {{rate: number, curves: {x: number, y: number}[][], axes: {x: Axis, y: Axis}, score: string, scoreName: string, marks: {best: boolean, taken: boolean, diverged: boolean}}} content */
  show({ rate, curves: [train, test], axes, score, scoreName, marks }) {
    const words = [marks.best ? "best" : "", marks.diverged ? "diverged" : "", marks.taken ? "answers" : ""].filter(Boolean).join(", ");
    this.rate.textContent = short(rate);
    this.score.textContent = score;
    this.word.textContent = words;
    this.node.setAttribute("aria-pressed", String(marks.taken));
    this.node.setAttribute("aria-label", `Learning rate ${short(rate)}: test ${scoreName} ${score}${words && `, ${words}`}`);
    this.node.classList.toggle("best", marks.best);
    this.node.classList.toggle("diverged", marks.diverged);
    this.axes = axes;
    this.series = [
      { name: "training", color: "--learned", dashed: true, points: train },
      { name: "test", color: "--accent", dashed: false, points: test },
    ];
    this.draw();
  }
}
