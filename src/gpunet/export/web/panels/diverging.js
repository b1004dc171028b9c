// Signed numbers as colors: blue below zero, red above, the color of nothing in between. The
// pair is told apart by people who see no red or no green, and both ends stand out in light and dark.

import { color, element } from "../dom.js";
import { shortNumber } from "../formats.js";

const SHADES = 127; // on either side of zero

/**
 * A color for each shade from -127 to 127, as CSS takes it and as a picture's four bytes; and the
 * parts of the color of text. To ask the browser for a color takes longer than to draw a layer.
 * @typedef {{css: string[], pixels: Uint32Array, ink: number[]}} Shades
 */

/** Red, green and blue of a color of the theme. @param {string} name */
function themeColor(name) {
  const digits = color(name).replace("#", "");
  return [0, 2, 4].map((at) => parseInt(digits.slice(at, at + 2), 16));
}

/** The shades in the page's present theme. @returns {Shades} */
export function divergingShades() {
  const [minus, zero, plus] = ["--minus", "--zero", "--plus"].map(themeColor);
  const css = [];
  const pixels = new Uint32Array(2 * SHADES + 1);
  for (let shade = -SHADES; shade <= SHADES; shade++) {
    const end = shade < 0 ? minus : plus;
    const [red, green, blue] = zero.map((from, part) => Math.round(from + (end[part] - from) * Math.abs(shade) / SHADES));
    css.push(`rgb(${red} ${green} ${blue})`);
    pixels[shade + SHADES] = (255 << 24) | (blue << 16) | (green << 8) | red;
  }
  return { css, pixels, ink: themeColor("--text") };
}

/** The place among the shades of a value whose scale ends at -range and range. @param {number} value @param {number} range */
export function shadeOf(value, range) {
  const share = range > 0 ? value / range : 0;
  return SHADES + Math.round(SHADES * Math.max(-1, Math.min(1, share || 0)));
}

/** The largest distance from zero. @param {ArrayLike<number>} values */
export function largest(values) {
  let found = 0;
  for (let index = 0; index < values.length; index++) found = Math.max(found, Math.abs(values[index]) || 0);
  return found;
}

/** The next larger of 1, 1.5, 2, 3, 4, 6, 8, 10, 15, ...: a scale that ends there seldom has to change. @param {number} value */
export function roundedUp(value) {
  if (!(value > 0) || !Number.isFinite(value)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 1.5, 2, 3, 4, 6, 8].find((step) => step * power >= value * 0.999999) ?? 10);
}

/** Signed values (height * width) as a picture. @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} values @param {number} range @param {Shades} shades */
export function paintSigned(canvas, values, range, shades) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const picture = context.createImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(picture.data.buffer);
  for (let index = 0; index < pixels.length; index++) pixels[index] = shades.pixels[shadeOf(values[index], range)];
  context.putImageData(picture, 0, 0);
}

/** A canvas whose pixels are shown as squares. @param {[number, number]} image height and width @param {string} label for who cannot see it */
export function pixelCanvas([height, width], label) {
  return element("canvas", { className: "think-pixels", height, width, role: "img", ariaLabel: label });
}

/** What the colors mean, from one end of the scale to the other. */
export class ScaleLegend {
  constructor() {
    this.low = element("span");
    this.high = element("span");
    this.strip = element("span", { className: "think-strip" });
    this.root = element("div", { className: "think-legend number" }, this.low, this.strip, this.high);
  }

  /** @param {number} range @param {boolean} [signed] whether there are values below zero */
  set(range, signed = true) {
    this.low.textContent = signed ? shortNumber(-range) : "0";
    this.high.textContent = shortNumber(range);
    this.strip.classList.toggle("think-strip-positive", !signed);
  }
}
