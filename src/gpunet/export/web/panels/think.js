// "The network at work": every unit's activation, a unit's weights, the connections that carried the
// answer, and the evidence for and against it.
// A change only marks the picture as outdated; the next animation frame draws it once.

import { Announcer } from "../announce.js";
import { element, fillPanel } from "../dom.js";
import { counted, percent, shortNumber } from "../formats.js";
import { inputGradient, logitDeltas } from "../network.js";
import { layerViews } from "../parameters.js";
import { answerNames } from "../verdict.js";
import { divergingShades } from "./diverging.js";
import { strongestEdges } from "./edges.js";
import { EvidenceCard } from "./evidence.js";
import { Stage } from "./stage.js";
import { UnitCard } from "./unit-card.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").ModelData} ModelData */
/** @typedef {import("../types.js").Shape} Shape */
/** @typedef {import("../types.js").Trace} Trace */
/** @typedef {import("./edges.js").Edge} Edge */
/** @typedef {import("./stage.js").Unit} Unit */

const EDGES = 24; // connections drawn of each layer
const BUSY_SHARE = 0.2; // fraction of the time for explaining large networks while a pen moves
const FAST_MILLISECONDS = 4; // if explaining takes no longer, every frame does it

/** Fills the panel that shows the network at work. @param {HTMLElement} root @param {App} app */
export function createThink(root, app) {
  return new Think(root, app);
}

class Think {
  /** @param {HTMLElement} root @param {App} app */
  constructor(root, app) {
    this.app = app;
    this.model = app.page.data.model;
    this.features = featureNames(this.model);
    this.outputs = answerNames(this.model);
    this.shades = divergingShades();
    this.member = 0;
    /** The output that is explained; null: the answer. @type {number|null} */
    this.pinned = null;
    /** The chosen unit; null: the one that contributes most. @type {Unit|null} */
    this.unit = null;
    this.frame = 0;
    this.timer = 0;
    this.nextExplained = 0; // time when it may be explained again
    this.select = element("select", {});
    this.select.addEventListener("change", () => { this.member = Number(this.select.value); this.nextExplained = 0; this.weightsChanged(); });
    this.choice = element("label", { className: "think-choice" }, "Member ", this.select);
    this.words = element("p", { className: "think-sentence" });
    this.announcer = new Announcer();
    this.holder = element("div", { className: "think-holder" });
    this.cards = element("div", { className: "think-cards" });
    fillPanel(root, "The network at work", this.choice, this.words, this.announcer.root, this.holder, this.cards);
    this.evidence = new EvidenceCard(this.model, this.features, this.outputs, (output) => this.explain(output));
    this.build();
    app.on("answer", () => this.changed());
    app.on("sample", () => this.changed());
    app.on("weights", () => this.weightsChanged());
    new ResizeObserver(() => this.arrange()).observe(this.holder);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.shades = divergingShades();
      this.weightsChanged();
    });
  }

  /** Makes what depends on the shape of the network. */
  build() {
    const { shape } = this.app.networks;
    this.shape = shape;
    this.unit = null;
    /** Which unit's weights are shown. @type {string} */
    this.shownUnit = "";
    this.stage = new Stage(this.model, shape, this.features, this.outputs, (unit) => this.look(unit), (output) => this.explain(output));
    this.card = new UnitCard(shape, this.model.image, this.features, this.outputs);
    this.holder.replaceChildren(this.stage.root);
    this.cards.replaceChildren(this.card.root, this.evidence.root);
    this.listMembers();
    this.arrange();
  }

  listMembers() {
    const { networks } = this.app.networks;
    this.member = Math.min(this.member, networks - 1);
    this.choice.hidden = networks === 1;
    if (this.select.length === networks) return;
    this.select.replaceChildren(...Array.from({ length: networks }, (_, network) =>
      element("option", { value: String(network), selected: network === this.member }, `${network + 1} of ${networks}`)));
  }

  arrange() {
    this.stage?.arrange(this.holder.clientWidth);
    this.changed();
  }

  weightsChanged() {
    if (this.app.networks.shape !== this.shape) this.build();
    this.listMembers();
    this.stage?.forget();
    this.shownUnit = "";
    this.changed();
  }

  /** @param {number|null} output */
  explain(output) {
    this.pinned = output;
    this.changedByHand();
  }

  /** @param {Unit|null} unit */
  look(unit) {
    this.unit = unit;
    this.changedByHand();
  }

  /** Explains at once, after a choice by the reader. */
  changedByHand() {
    this.nextExplained = 0;
    this.changed();
  }

  /** Requests a redraw in the next animation frame. */
  changed() {
    if (this.frame === 0) this.frame = requestAnimationFrame(() => { this.frame = 0; this.draw(); });
  }

  /** The chosen member's trace of the sample; null if there is nothing to answer. @returns {Trace|null} */
  trace() {
    const { sample, answer } = this.app;
    const trace = sample === null || sample.blank || answer?.sample !== sample ? null : answer.traces[this.member] ?? null;
    const fits = trace?.preactivations.every((values, layer) => values.length === this.shape?.layers[layer]?.outputs);
    return fits ? trace : null;
  }

  draw() {
    const { stage } = this;
    if (!stage) return;
    const { sample } = this.app;
    const trace = this.trace();
    const answered = trace === null ? null : Math.max(0, trace.outputs.indexOf(Math.max(...trace.outputs))); // a diverged network has none
    const output = this.pinned ?? answered ?? 0;
    stage.paint(sample, trace, output, this.shades);
    this.evidence.choose(this.pinned, answered);
    const began = performance.now();
    if (began < this.nextExplained) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.changed(), this.nextExplained - began);
      return;
    }
    this.explainAnswer(trace, output);
    const took = performance.now() - began;
    this.nextExplained = took > FAST_MILLISECONDS ? began + took / BUSY_SHARE : 0;
  }

  /** Draws why an output is what it is. @param {Trace|null} trace @param {number} output */
  explainAnswer(trace, output) {
    const { stage, shape } = this;
    if (!stage || !shape) return;
    const { sample, networks: { parameters } } = this.app;
    const views = layerViews(shape, parameters, this.member);
    const own = parameters.subarray(this.member * shape.parameters, (this.member + 1) * shape.parameters);
    /** @type {Edge[]} */
    let edges = [];
    /** @type {Float64Array[]} */
    let deltas = [];
    if (trace === null || sample === null) {
      this.evidence.show(null, null, 0, output, this.shades);
    } else {
      deltas = logitDeltas(shape, own, trace, output);
      edges = strongestEdges(shape, views, [sample.features, ...trace.activations], deltas, output, EDGES);
      const logit = trace.preactivations[shape.layers.length - 1][output];
      this.evidence.show(sample, inputGradient(shape, own, trace, output, deltas), logit, output, this.shades);
    }
    stage.paintEdges(edges, this.shades);
    this.drawUnit(this.unit ?? strongestUnit(shape, edges, output), trace, views, deltas);
    const sentence = this.sentence(trace, output, edges);
    if (sentence === this.words.textContent) return;
    this.words.textContent = sentence;
    this.announcer.tell("network", sentence);
  }

  /** @param {Unit} unit @param {Trace|null} trace @param {{weights: Float32Array, biases: Float32Array}[]} views @param {ArrayLike<number>[]} deltas */
  drawUnit(unit, trace, views, deltas) {
    const { stage, card } = this;
    if (!stage || !card) return;
    const name = card.nameOf(unit);
    if (this.shownUnit !== name) card.showWeights(unit, views, this.shades);
    this.shownUnit = name;
    const activation = trace?.activations[unit.layer]?.[unit.unit];
    const above = deltas[unit.layer + 1];
    const gradient = above === undefined ? 0 : dot(views[unit.layer + 1].weights, unit.unit * above.length, above);
    card.showNow(unit, trace, activation === undefined ? null : activation * gradient);
    stage.choose(unit, `unit ${unit.unit + 1}${activation === undefined ? "" : `, activation ${shortNumber(activation)}`}`);
  }

  /** The name of a feature in a sentence. @param {number} feature */
  nameOfInput(feature) {
    const { image } = this.model;
    return image === null ? this.features[feature] : `The pixel in row ${Math.floor(feature / image[1]) + 1}, column ${feature % image[1] + 1}`;
  }

  /** A sentence about the picture. @param {Trace|null} trace @param {number} output @param {Edge[]} edges */
  sentence(trace, output, edges) {
    const shape = /** @type {Shape} */ (this.shape);
    if (trace === null) return `${this.model.image === null ? "No row is set" : "Nothing is drawn"} yet: point at a unit to see its weights.`;
    const strongest = strongestUnit(shape, edges, output);
    const name = this.outputs[output];
    const answer = shape.kind === "measured" ? name : `${name} (${percent(trace.outputs[output])})`;
    if (edges[0]?.layer !== shape.layers.length - 1) return `Every connection to ${answer} is silent: its bias alone speaks.`;
    if (strongest.layer === shape.layers.length - 1) return `${this.nameOfInput(edges[0].from)} speaks loudest ${edges[0].value > 0 ? "for" : "against"} ${answer}.`;
    const last = trace.activations[trace.activations.length - 1];
    const active = last.reduce((count, value) => count + Number(value > 0), 0);
    const verb = shape.kind === "measured" ? ["lowers", "raises"] : ["speaks loudest against", "speaks loudest for"];
    const where = trace.activations.length === 1 ? "the hidden layer" : "the last hidden layer";
    return `${counted(active)} of the ${counted(last.length)} units of ${where} are above zero; `
      + `unit ${strongest.unit + 1} ${verb[Number(edges[0].value > 0)]} ${answer}${shape.kind === "measured" ? " most" : ""}.`;
  }
}

/** The unit whose connection contributes most to an output. @param {Shape} shape @param {Edge[]} edges the strongest first @param {number} output @returns {Unit} */
function strongestUnit({ layers }, edges, output) {
  const last = layers.length - 1;
  if (last === 0) return { layer: 0, unit: output };
  return { layer: last - 1, unit: edges[0]?.layer === last ? edges[0].from : 0 };
}

/** The sum of products with the numbers of a row that starts at a place. @param {Float32Array} rows @param {number} start @param {ArrayLike<number>} factors */
function dot(rows, start, factors) {
  let sum = 0;
  for (let place = 0; place < factors.length; place++) sum += rows[start + place] * factors[place];
  return sum;
}

/** A name for each feature: a column of words has one for each word. @param {ModelData} model */
function featureNames({ controls, shape }) {
  const names = Array.from({ length: shape.layers[0].inputs }, (_, feature) => `feature ${feature + 1}`);
  for (const { name, kind, features: [first, count], choices } of controls) {
    for (let place = 0; place < count; place++) {
      const word = choices[place] ?? "other"; // an empty one stands for what is missing
      names[first + place] = kind === "choice" && word !== "" ? `${name}: ${word}` : kind === "number" && place === 0 ? name : `${name} missing`;
    }
  }
  return names;
}
