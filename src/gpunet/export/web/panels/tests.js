// The test set: how often the networks in use are right, what they confuse, their worst mistakes.

import { actionButton, element, fillPanel } from "../dom.js";
import { counted, figureText, percent } from "../formats.js";
import { columnsByInfluence } from "../influence.js";
import { testLabels, testSample } from "../rows.js";
import { testedOf, testOutputs } from "../testing.js";
import { nameElement } from "../text.js";
import { createConfusions, pairText } from "./matrix.js";
import { SampleList } from "./mistakes.js";
import { Scatter } from "./scatter.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../testing.js").Tested} Tested */
/** @typedef {import("../types.js").Page} Page */
/** @typedef {import("./matrix.js").Pair} Pair */

/** Milliseconds that weights stay as they are before they are tested. */
const SETTLED = 300;

/** Fills the panel if the page holds test samples. @param {HTMLElement} root @param {App} app */
export function createTests(root, app) {
  if (app.page.data.data?.test) new TestPanel(root, app);
}

class TestPanel {
  /** @param {HTMLElement} root @param {App} app */
  constructor(root, app) {
    this.app = app;
    /** @type {Tested|null} */
    this.tested = null;
    /** @type {Pair|null} */
    this.pair = null;
    this.run = 0;
    this.timer = 0;
    this.figures = element("dl", { className: "test-figures" }, ...this.names().map((name) => element("div", {},
      element("dt", {}, name), element("dd", { className: "number" }, "–"))));
    this.note = element("p", { className: "quiet small", role: "status" }, "Answering the test samples …");
    this.overview = this.createOverview();
    this.heading = element("h3", { tabIndex: -1 }, "Worst mistakes");
    this.all = actionButton("Show all mistakes", () => this.filter(null), { hidden: true });
    const { controls } = app.page.data.model;
    const columns = columnsByInfluence(app.page, app.networks).map((at) => controls[at]);
    this.list = new SampleList(app.page, columns, (row) => this.look(row));
    fillPanel(root, "The test set", this.figures, this.note, element("div", { className: "test-parts" },
      this.overview.root,
      element("div", { className: "test-samples" },
        element("div", { className: "test-heading" }, this.heading, this.all), this.list.root)));
    app.on("weights", () => this.later());
    app.on("device", () => {
      if (this.tested === null) this.later();
    });
    this.later();
  }

  /** The metrics for this kind of answers. */
  names() {
    const { kind, loss } = this.app.page.data.model.shape;
    if (kind === "measured") return ["R2", "RMSE", "MAE", "Loss"];
    return ["Accuracy", loss === "quadratic" ? "Cross-entropy" : "Loss", kind === "labels" ? "Not all right" : "Mistakes"];
  }

  /** The view beside the samples: confusions, predictions against targets, or labels. */
  createOverview() {
    const { page } = this.app;
    const { classes, shape } = page.data.model;
    if (shape.kind === "classes") return createConfusions(classes, (pair) => this.filter(pair));
    return shape.kind === "measured" ? new Scatter(page, (row) => this.look(row)) : new LabelTable(page);
  }

  /** Tests again once the weights have stopped changing. */
  later() {
    clearTimeout(this.timer);
    this.run++;
    this.timer = setTimeout(() => void this.test(), this.tested === null ? 0 : SETTLED);
  }

  async test() {
    const { run, app: { page, networks, gpu } } = this;
    const outputs = await testOutputs(page, networks, gpu, () => run !== this.run);
    if (outputs === null) return;
    this.tested = testedOf(page, outputs);
    this.overview.show(this.tested);
    this.write(this.tested, networks.parameters === this.app.saved().parameters);
    this.filter(this.pair);
  }

  /** @param {Tested} tested @param {boolean} saved whether the networks are those that came with the page */
  write({ accuracy, errors, loss, outputs, worst }, saved) {
    const values = errors !== null
      ? [...[errors.r2, errors.rmse, errors.mae, loss].map(figureText)]
      : [percent(accuracy ?? NaN), figureText(loss), counted(worst.length)];
    this.figures.querySelectorAll("dd").forEach((figure, at) => { figure.textContent = values[at]; });
    this.note.textContent = testNote(this.app.page, outputs.length, saved);
  }

  /** Show the samples of a pair, or all mistakes. @param {Pair|null} pair */
  filter(pair) {
    if (this.tested === null) return;
    const { answers, labels, losses, worst } = this.tested;
    const { classes, shape } = this.app.page.data.model;
    this.pair = pair;
    this.all.hidden = pair === null;
    const rows = pair === null ? worst : labels.map((_, row) => row)
      .filter((row) => labels[row] === pair.label && answers[row] === pair.answer)
      .sort((one, other) => losses[other] - losses[one]);
    const mistakes = shape.kind === "measured" ? "Largest errors" : worst.length > 0 ? "Worst mistakes" : "No mistakes";
    this.heading.textContent = pair === null ? mistakes : `${pairText(classes, pair)}: ${counted(rows.length)}`;
    if ("mark" in this.overview) this.overview.mark(pair);
    this.list.show(this.tested, rows);
  }

  /** Put a test sample on the canvas. @param {number} row */
  look(row) {
    this.app.show(testSample(this.app.page, row));
    const { image } = this.app.page.data.model;
    const smooth = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    document.getElementById(image === null ? "controls" : "draw")?.scrollIntoView({ behavior: smooth ? "smooth" : "auto", block: "nearest" });
  }
}

/** A note on the tested samples, and the model's score when it was saved. @param {Page} page @param {number} tested @param {boolean} saved */
function testNote(page, tested, saved) {
  const { data, model } = page.data;
  const whole = tested === data?.allTest;
  const here = `${saved ? "" : "Of the network that was trained here, "}${saved ? "O" : "o"}n ${whole ? "all" : "the"} ${counted(tested)} test samples${whole ? "" : " in this page"}.`;
  const { accuracy, r2 } = model.test;
  const score = accuracy !== null ? `an accuracy of ${percent(accuracy)}` : r2 !== null ? `an R2 of ${figureText(r2)}` : null;
  if (score === null || (whole && saved)) return here;
  return `${here} On all ${counted(data?.allTest ?? tested)} the model had ${score} as it was saved.`;
}

/** How often each of several labels is right. */
class LabelTable {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.body = element("tbody");
    const titles = ["Label", "Right", "Precision", "Recall", "Samples"];
    this.root = element("div", { className: "samples-scroll" }, element("table", { className: "samples-table" },
      element("thead", {}, element("tr", {}, ...titles.map((title) => element("th", { scope: "col" }, title)))), this.body));
  }

  /** @param {Tested} tested */
  show({ outputs }) {
    this.body.replaceChildren(...this.page.data.model.targets.map((name, at) => {
      let hits = 0, found = 0, wanted = 0, right = 0;
      outputs.forEach((output, row) => {
        const answered = output[at] > 0.5, labeled = testLabels(this.page, row)[at] > 0.5;
        hits += Number(answered && labeled);
        found += Number(answered);
        wanted += Number(labeled);
        right += Number(answered === labeled);
      });
      const share = (/** @type {number} */ part, /** @type {number} */ all) => (all === 0 ? "–" : percent(part / all));
      const texts = [share(right, outputs.length), share(hits, found), share(hits, wanted), counted(wanted)];
      return element("tr", {}, element("th", { scope: "row" }, nameElement(name)),
        ...texts.map((text) => element("td", { className: "number" }, text)));
    }));
  }
}
