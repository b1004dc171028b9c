// The network on stage: its input, the hidden layers as tiles, the outputs as bars, and between them
// the connections that carried the answer. Layers stand side by side where there is room, else one
// above the other.

import { element } from "../dom.js";
import { counted } from "../formats.js";
import { paintGrey } from "../pictures.js";
import { largest, pixelCanvas, roundedUp, ScaleLegend } from "./diverging.js";
import { EdgeCanvas } from "./edges.js";
import { OutputRows } from "./outputs.js";
import { LayerTiles, tiled } from "./tiles.js";

/** @typedef {import("../types.js").ModelData} ModelData */
/** @typedef {import("../types.js").Sample} Sample */
/** @typedef {import("../types.js").Shape} Shape */
/** @typedef {import("../types.js").Trace} Trace */
/** @typedef {import("./diverging.js").Shades} Shades */
/** @typedef {import("./edges.js").Edge} Edge */

/** A unit, its layer counted from 0 at the first hidden one. @typedef {{layer: number, unit: number}} Unit */

const NARROWEST_LAYER = 84; // room for what is written above it
const NARROWEST_GAP = 34; // between layers side by side
const PALE = 0.4; // if a layer's strongest unit is below this fraction of the scale, the scale changes
const NAMED = 16; // features of a table whose names have room
const NEVER_NEGATIVE = ["relu", "sigmoid", "softplus"];

/** Something on stage whose units have a center, in pixels of its own root. @typedef {{root: HTMLElement, center: (unit: number) => [number, number]}} Place */

export class Stage {
  /**
   * @param {ModelData} model
   * @param {Shape} shape
   * @param {string[]} features their names
   * @param {string[]} outputs their names
   * @param {(unit: Unit|null) => void} choseUnit
   * @param {(output: number) => void} choseOutput
   */
  constructor(model, shape, features, outputs, choseUnit, choseOutput) {
    this.model = model;
    this.shape = shape;
    this.across = true;
    this.pixel = 0; // the side of one on the screen
    const last = shape.layers.length - 1;
    this.edges = new EdgeCanvas();
    this.input = model.image === null ? new LayerTiles(features.length, "The prepared features", null) : null;
    this.picture = model.image === null ? null : pixelCanvas(model.image, "The input as the network sees it");
    this.names = model.image === null && features.length <= NAMED
      ? element("ul", { className: "think-features" }, ...features.map((name) => element("li", { title: name }, name))) : null;
    this.longest = Math.max(...features.map(({ length }) => length));
    this.hidden = shape.layers.slice(0, last).map(({ outputs: units }, layer) =>
      new LayerTiles(units, `Units of hidden layer ${layer + 1}`, (unit) => choseUnit(unit === null ? null : { layer, unit })));
    this.outputs = new OutputRows(model, outputs, choseOutput, (unit) => choseUnit({ layer: last, unit }));
    this.legends = [...this.hidden, this.input].map(() => new ScaleLegend());
    this.ranges = this.legends.map(() => 0);
    this.root = element("div", { className: "think-stage" }, this.edges.root, ...this.figures(features.length));
    /** @type {[number, number][]} */
    this.offsets = [];
  }

  /** The figures of all layers, in their order. @param {number} features */
  figures(features) {
    const { image, shape: { layers } } = { image: this.model.image, shape: this.shape };
    const size = image === null ? `${counted(features)} feature${features === 1 ? "" : "s"}` : `${image[1]} × ${image[0]} pixels`;
    const input = this.input === null ? this.picture : element("div", { className: "think-input" }, this.names, this.input.root);
    return [
      layerFigure("Input", size, this.input === null ? null : this.legends[this.hidden.length].root, /** @type {HTMLElement} */ (input)),
      ...this.hidden.map((tiles, layer) =>
        layerFigure(`Hidden ${layer + 1}`, `${counted(tiles.units)} units, ${layers[layer].activation.replaceAll("_", " ")}`, this.legends[layer].root, tiles.root)),
      layerFigure("Output", this.shape.output === "identity" ? "" : this.shape.output, null, this.outputs.root),
    ];
  }

  /** Fits the layers into a width. @param {number} width in pixels */
  arrange(width) {
    const height = Math.min(520, Math.max(320, 0.42 * width));
    const layers = this.hidden.length;
    const image = this.model.image;
    const scale = image === null ? 0 : Math.max(1, Math.floor(Math.min(0.19 * Math.max(width, 760), 0.7 * height, width) / Math.max(...image)));
    const inputWidth = image === null ? (this.names === null ? 110 : 46 + Math.min(150, 7 * this.longest)) : image[1] * scale;
    const room = width - inputWidth - this.outputs.width - NARROWEST_GAP * (layers + 1);
    this.across = width >= 520 && room >= NARROWEST_LAYER * layers;
    this.root.classList.toggle("think-across", this.across);
    const wider = Math.max(0, Math.min(60, (room - NARROWEST_LAYER * layers) / 3)); // for longer bars
    for (const tiles of this.hidden) {
      const fit = this.across ? tiled(tiles.units, height, Math.min(0.62 * height, (room - wider) / layers), 26) : tiled(tiles.units, width, 230, 26);
      tiles.arrange(this.across ? fit.lines : fit.inLine, fit.side);
    }
    if (this.names !== null) this.input?.arrange(1, 22);
    else if (this.input !== null) {
      const fit = tiled(this.input.units, this.across ? height : width, this.across ? inputWidth : 160, 22);
      this.input.arrange(this.across ? fit.lines : fit.inLine, fit.side);
    }
    this.pixel = scale;
    if (this.picture !== null && image !== null) {
      this.picture.style.width = `${image[1] * scale}px`;
      this.picture.style.height = `${image[0] * scale}px`;
    }
    this.outputs.root.style.width = this.across ? `${this.outputs.width + wider}px` : "";
    this.edges.arrange(width, this.root.offsetHeight);
    this.measure();
  }

  /** Remembers all positions, so that no frame has to ask the browser for them. */
  measure() {
    const stage = this.root.getBoundingClientRect();
    this.offsets = this.places().map(({ root }) => {
      const box = root.getBoundingClientRect();
      return [box.left - stage.left, box.top - stage.top];
    });
    this.outputs.measure();
  }

  /** @returns {Place[]} the input, each hidden layer, the outputs */
  places() {
    const picture = this.picture;
    const input = this.input ?? {
      root: /** @type {HTMLElement} */ (picture),
      /** @param {number} pixel @returns {[number, number]} */
      center: (pixel) => {
        const { width } = /** @type {HTMLCanvasElement} */ (picture);
        return [(pixel % width + 0.5) * this.pixel, (Math.floor(pixel / width) + 0.5) * this.pixel];
      },
    };
    return [input, ...this.hidden, this.outputs];
  }

  /** Forgets colors and ranges. */
  forget() {
    this.ranges.fill(0);
    for (const tiles of [...this.hidden, this.input]) tiles?.forget();
  }

  /**
   * @param {Sample|null} sample
   * @param {Trace|null} trace null while there is nothing to answer
   * @param {number} output that is looked at
   * @param {Shades} shades
   */
  paint(sample, trace, output, shades) {
    this.hidden.forEach((tiles, layer) => {
      const signed = !NEVER_NEGATIVE.includes(this.shape.layers[layer].activation);
      this.paintTiles(tiles, layer, trace?.activations[layer] ?? null, signed, shades);
    });
    if (this.input !== null) this.paintTiles(this.input, this.hidden.length, trace && sample ? sample.features : null, true, shades);
    if (this.picture !== null) paintGrey(this.picture, sample?.picture ?? null);
    this.outputs.show(trace?.outputs ?? null, output);
  }

  /** @param {LayerTiles} tiles @param {number} place of its range @param {Float32Array|null} values @param {boolean} signed @param {Shades} shades */
  paintTiles(tiles, place, values, signed, shades) {
    const shown = values ?? new Float32Array(tiles.units);
    const [last, needed] = [this.ranges[place], roundedUp(largest(shown))];
    const range = needed > last || needed < PALE * last ? needed : last;
    if (range !== last) {
      tiles.forget();
      this.ranges[place] = range;
      this.legends[place].set(range, signed);
    }
    tiles.paint(shown, range, shades);
  }

  /** @param {Edge[]} edges @param {Shades} shades */
  paintEdges(edges, shades) {
    const places = this.places();
    /** @param {number} place @param {number} unit @returns {[number, number]} */
    const at = (place, unit) => {
      const [x, y] = places[place].center(unit);
      return [this.offsets[place][0] + x, this.offsets[place][1] + y];
    };
    const last = this.hidden.length;
    this.edges.paint(edges, ({ layer, from, to }) => {
      const end = at(layer + 1, to);
      if (this.across || layer < last) return [at(layer, from), end];
      return [at(layer, from), [end[0], this.offsets[last + 1][1]], end]; // down beside the rows
    }, this.across, shades);
  }

  /** Puts the ring around a unit. @param {Unit} chosen @param {string} words about it */
  choose(chosen, words) {
    this.hidden.forEach((tiles, layer) => {
      tiles.choose(layer === chosen.layer ? chosen.unit : null);
      if (layer === chosen.layer) tiles.describe(words);
    });
  }
}

/** @param {string} title @param {string} size @param {HTMLElement|null} legend @param {HTMLElement} content */
function layerFigure(title, size, legend, content) {
  const caption = element("figcaption", {}, element("strong", {}, title), element("span", { className: "quiet" }, size), legend);
  return element("figure", { className: "think-layer" }, caption, content);
}
