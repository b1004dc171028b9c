// The panel of image models: a board to draw on, the picture as the network sees it, and the answer.

import { Announcer } from "../announce.js";
import { element, fillPanel } from "../dom.js";
import { greyDrawing, paintGrey, readImageFile, underlayOf } from "../pictures.js";
import { prepareImage, prepared } from "../prepare.js";
import { inOwnUnits } from "../rows.js";
import { isUnsure, verdictOf } from "../verdict.js";
import { AnswerBars } from "./bars.js";
import { FoundDigits } from "./found.js";
import { Pad } from "./pad.js";
import { Teach } from "./teach.js";
import { padTools } from "./tools.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Answer} Answer */
/** @typedef {import("../types.js").Sample} Sample */
/** @typedef {import("./pad.js").Area} Area */

const PATIENCE = 500; // milliseconds that an answer is waited for, at most

/** Fills the panel of a model of images; leaves that of any other model hidden. @param {HTMLElement} root @param {App} app */
export function createDraw(root, app) {
  if (app.page.data.model.image !== null) new DrawPanel(root, app, app.page.data.model.image);
}

class DrawPanel {
  announcer = new Announcer();
  /** What is on the board, from left to right. @type {Sample[]} */
  samples = [];
  /** Where each was found. @type {Area[]} */
  boxes = [];
  /** Whether a figure is far wider than a digit. */
  hasDash = false;
  /** When the last look was, while it is not answered. @type {number|null} */
  asked = null;
  /** Whether the board has changed since. */
  isStale = false;

  word = element("p", { className: "verdict-word" });
  detail = element("p", { className: "verdict-detail quiet number" });
  speed = element("p", { className: "speed quiet number" });
  problem = element("p", { className: "draw-problem", role: "alert" });

  /** @param {HTMLElement} root @param {App} app @param {[number, number]} shape height and width of the model's images */
  constructor(root, app, shape) {
    const { model } = app.page.data;
    const [height, width] = shape;
    this.app = app;
    this.model = model;
    this.shape = shape;
    this.pad = new Pad(model.framing === null ? shape : [1, 1], this.announcer);
    this.seen = element("canvas", { className: "seen-picture", width, height, role: "img", ariaLabel: "The picture as the network sees it" });
    this.found = new FoundDigits(shape, (index) => this.choose(index));
    this.bars = new AnswerBars(model);
    const isDigits = model.classes.length > 0 && model.classes.every((name) => /^\d$/.test(name));
    fillPanel(root, isDigits ? "Draw a digit" : "Draw", this.content());
    this.pad.listenToChange(() => this.look());
    app.on("sample", (sample) => this.heardOf(sample));
    app.on("answer", (answer) => this.tell(answer));
    this.pad.repaint();
  }

  content() {
    const { model, pad, announcer } = this;
    const [height, width] = this.shape;
    const tools = padTools(pad, (file) => void this.open(file));
    const seen = element("figure", { className: "seen" }, this.seen,
      element("figcaption", { className: "quiet" }, `As the network sees it, ${width} × ${height}`));
    return element("div", { className: "draw" },
      element("div", { className: "draw-board" }, pad.root, tools, this.problem, pad.help),
      element("div", { className: "draw-said" },
        element("div", { className: "draw-answer" }, seen, element("div", { className: "verdict" }, this.word, this.detail)),
        model.framing === null ? null : this.found.root, this.bars.root, this.speed),
      model.shape.kind === "classes" ? new Teach(this.app, announcer).root : null,
      announcer.root);
  }

  // ---- From the board to samples

  /** Looks at the board anew; not before the last look is answered, or the pen would outrun a slow GPU. */
  look() {
    this.isStale = this.asked !== null && performance.now() - this.asked < PATIENCE;
    if (this.isStale) return;
    const { underlay, strokes } = this.pad.drawing;
    this.hasDash = false;
    if (underlay !== null && underlay.sample !== null && strokes.length === 0) {
      this.samples = [underlay.sample];
      this.boxes = [];
    } else {
      this.prepare(strokes.length === 0 && underlay !== null);
    }
    this.choose(this.lastDrawn());
  }

  /** @param {boolean} isImage whether the board shows an image alone */
  prepare(isImage) {
    const { framing, inverted } = this.model;
    const image = greyDrawing(this.pad.drawing, this.shape);
    // White chalk on a black board is taken for the black ink on white paper that it stands for.
    const isNegative = framing === null && inverted && this.pad.drawing.underlay === null;
    if (isNegative) image.grey = image.grey.map((level) => 255 - level);
    const { pictures, blank, dash } = prepareImage(image, this.model);
    this.hasDash = dash !== null;
    this.boxes = pictures.map(({ box }) => this.pad.onBoard(box, image));
    this.samples = pictures.map(({ features }) => this.sampleOf(features, isImage ? "image" : "drawing", blank));
    if (pictures.length === 0) {
      const paper = new Uint8Array(this.shape[0] * this.shape[1]).fill(framing?.paper ?? (inverted ? 255 : 0));
      this.samples = [this.sampleOf(paper, "drawing", true)];
    }
  }

  /** @param {Uint8Array} features @param {"drawing"|"image"} from @param {boolean} blank @returns {Sample} */
  sampleOf(features, from, blank) {
    const picture = this.model.inverted ? features.map((level) => 255 - level) : features;
    return { features: prepared(features, this.app.page), picture, label: null, from, blank };
  }
  /** The sample that the last stroke is part of. */
  lastDrawn() {
    const { strokes } = this.pad.drawing;
    const point = strokes[strokes.length - 1]?.points.at(-1);
    if (point === undefined || this.boxes.length < 2) return 0;
    const distances = this.boxes.map(({ left, top, right, bottom }) => Math.hypot(
      Math.max(left - point.x, 0, point.x - right), Math.max(top - point.y, 0, point.y - bottom)));
    return distances.indexOf(Math.min(...distances));
  }

  /** Look at one of the samples. @param {number} index */
  choose(index) {
    const sample = this.samples[index];
    if (sample === this.app.sample) return;
    this.asked = performance.now();
    this.app.show(sample);
  }

  /** A sample from elsewhere, such as a test digit: its picture is put on the board, to draw on. @param {Sample} sample */
  heardOf(sample) {
    if (sample.picture !== null && !this.samples.includes(sample)) this.pad.put(underlayOf(sample, this.shape));
  }

  /** Puts an image file on the board. @param {Blob} file */
  async open(file) {
    try {
      this.pad.put(await readImageFile(file));
      this.problem.textContent = "";
    } catch (error) {
      this.problem.textContent = /** @type {Error} */ (error).message;
    }
  }

  // ---- From answers to words

  /** @param {Answer} answer to the sample that is looked at */
  tell({ sample, outputs, milliseconds, device }) {
    const { model } = this;
    const values = inOwnUnits(outputs, this.app.page);
    const { word, detail, best } = sample.blank ? this.nothing() : verdictOf(values, model);
    const unsure = !sample.blank && isUnsure(values, model);
    this.word.textContent = word;
    this.detail.textContent = detail;
    this.word.classList.toggle("verdict-long", word.length > 3);
    this.word.classList.toggle("verdict-none", sample.blank || unsure);
    this.bars.show(sample.blank ? null : values, unsure ? -1 : best);
    if (sample.picture !== null) paintGrey(this.seen, sample.picture);
    this.speed.textContent = sample.blank ? "\u00a0" : `Answered in ${duration(milliseconds)} by ${device === "JavaScript" ? device : "WebGPU"}.`;
    this.tellAll(sample);
    this.asked = null;
    if (this.isStale) this.pad.repaint();
    this.announcer.tell("answer", sample.blank ? word : `The answer: ${word}, ${detail}`);
  }

  /** The answers to all digits, where there are several. @param {Sample} sample that is looked at */
  tellAll(sample) {
    const several = this.samples.length > 1 ? this.samples : [];
    const words = several.map((one) => {
      const values = inOwnUnits(this.app.answerTo(one).outputs, this.app.page);
      return isUnsure(values, this.model) ? "?" : verdictOf(values, this.model).word;
    });
    this.found.show(several, words, several.indexOf(sample));
    this.pad.mark(several.map((one, index) => ({ ...this.boxes[index], text: words[index], chosen: one === sample })));
  }

  nothing() {
    if (this.hasDash) return { word: "A dash?", detail: "A figure is far wider than a digit; draw it higher, or apart.", best: -1 };
    return { word: "Nothing drawn yet", detail: "Draw on the board, or drop an image on it.", best: -1 };
  }
}

/** @param {number} milliseconds */
function duration(milliseconds) {
  return milliseconds < 0.1 ? "less than 0.1 ms" : `${milliseconds.toFixed(1)} ms`;
}
