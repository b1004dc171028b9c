// The settings of a training in the page: initial weights, hidden sizes, optimizer, seed. A network of
// other sizes can only start from scratch, so choosing it selects that.

import { element, menuOf } from "../dom.js";
import { initialParameters } from "../parameters.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").OptimizerData} OptimizerData */
/** @typedef {import("../types.js").PageData} PageData */
/** @typedef {import("../types.js").Shape} Shape */

/** @typedef {"saved"|"in use"|"scratch"} Start */

/** @type {[start: Start, text: string][]} */
const STARTS = [["saved", "saved"], ["in use", "in use"], ["scratch", "random"]];

/** The hidden layers in words, such as "16, 16". @param {Shape} shape */
function hiddenSizes(shape) {
  const sizes = shape.layers.slice(0, -1).map(({ outputs }) => outputs).join(", ");
  return sizes === "" ? "none" : sizes;
}

/** The numbers of the shapes of which so many networks are trained side by side. @param {PageData} data @param {number} population 0: as many as usual */
function trainedShapes({ programs, shapes }, population) {
  return Array.from(shapes.keys()).filter((number) => programs.some((entry) =>
    entry.shape === number && entry.optimizer !== null && (population === 0 || entry.population === population)));
}

/** @param {string} text @param {HTMLElement} control */
export function settingField(text, control) {
  return element("label", { className: "field" }, element("span", { className: "field-name" }, text), control);
}

export class Settings {
  /**
   * @param {App} app
   * @param {number} population networks that are trained side by side; 0: as many as there are in the model
   * @param {() => void} changed is called after every choice
   */
  constructor(app, population, changed) {
    this.app = app;
    this.population = population;
    const { shapes, optimizers, model } = app.page.data;
    const offered = trainedShapes(app.page.data, population);
    const starts = offered.includes(0) ? STARTS : STARTS.filter(([start]) => start === "scratch"); // else the model is too large
    this.startMenu = menuOf(starts);
    this.shapeMenu = menuOf(offered.map((number) => [String(number), hiddenSizes(shapes[number])]));
    this.optimizerMenu = menuOf(optimizers.map(({ name }) => [name, name]));
    this.seedInput = element("input", { type: "number", min: "0", max: "4294967295", step: "1", value: String(model.seed) });
    this.node = element("div", { className: "fields" },
      settingField("Starting weights", this.startMenu), settingField("Hidden layers", this.shapeMenu),
      settingField("Optimizer", this.optimizerMenu), settingField("Seed", this.seedInput));
    this.startMenu.addEventListener("change", () => this.choose(this.start));
    this.shapeMenu.addEventListener("change", () => {
      if (this.start !== "scratch" && this.shapeNumber !== this.shapeOf(this.start)) this.startMenu.value = "scratch";
    });
    for (const control of [this.startMenu, this.shapeMenu, this.optimizerMenu, this.seedInput]) control.addEventListener("change", changed);
  }

  /** @returns {Start} */
  get start() {
    return /** @type {Start} */ (this.startMenu.value);
  }

  get shapeNumber() {
    return Number(this.shapeMenu.value);
  }

  get shape() {
    return this.app.page.data.shapes[this.shapeNumber];
  }

  /** @returns {OptimizerData} */
  get optimizer() {
    const { optimizers } = this.app.page.data;
    return optimizers.find(({ name }) => name === this.optimizerMenu.value) ?? optimizers[0];
  }

  get seed() {
    const seed = Math.trunc(Number(this.seedInput.value));
    return Math.min(2 ** 32 - 1, Math.max(0, Number.isFinite(seed) ? seed : 0));
  }

  /** Starts from these weights; the sizes follow. @param {Start} start */
  choose(start) {
    this.startMenu.value = start;
    if (start !== "scratch") this.shapeMenu.value = String(this.shapeOf(start));
  }

  /** The number of the shape of weights that there are. @param {Start} start */
  shapeOf(start) {
    const { name } = start === "saved" ? this.app.saved().shape : this.app.networks.shape;
    return Math.max(0, this.app.page.data.shapes.findIndex((shape) => shape.name === name));
  }

  /** Number of networks to train: as given; else that of the model, or one for another shape. */
  get networks() {
    return this.population || (this.shapeNumber === 0 ? this.app.page.data.model.networks : 1);
  }

  /**
   * The initial parameters (P * N,): existing ones, repeated, or random ones. The networks of a population
   * start from the same ones, so that they differ only in their learning rates.
   */
  parameters() {
    const { seed, shape, networks, population } = this;
    if (this.start === "scratch") {
      return initialParameters(shape, Array.from({ length: networks }, (_, network) => (population ? seed : seed + network)));
    }
    const there = this.start === "saved" ? this.app.saved() : this.app.networks;
    const parameters = population ? there.parameters.subarray(0, shape.parameters) : there.parameters;
    if (parameters.length === networks * shape.parameters) return parameters;
    const repeated = new Float32Array(networks * shape.parameters);
    for (let at = 0; at < repeated.length; at += parameters.length) {
      repeated.set(parameters.subarray(0, repeated.length - at), at);
    }
    return repeated;
  }
}
