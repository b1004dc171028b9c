// The digits of a drawing with several, from left to right, each with its answer; one of them is chosen.

import { element } from "../dom.js";
import { paintGrey } from "../pictures.js";

/** @typedef {import("../types.js").Sample} Sample */

export class FoundDigits {
  /** @param {[number, number]} shape height and width of the pictures @param {(index: number) => void} choose */
  constructor([height, width], choose) {
    this.size = { width, height };
    this.choose = choose;
    /** @type {HTMLButtonElement[]} */
    this.buttons = [];
    this.note = element("p", { className: "found-note quiet" }, "Several digits are answered from left to right.");
    this.root = element("div", { className: "found", role: "group", ariaLabel: "Digits that were found, from left to right" }, this.note);
  }

  /** @param {Sample[]} samples @param {string[]} words the answer to each @param {number} chosen */
  show(samples, words, chosen) {
    const several = samples.length > 1 ? samples.length : 0;
    if (this.buttons.length !== several) {
      this.buttons = Array.from({ length: several }, (_, index) => this.button(index));
      this.root.replaceChildren(...(several === 0 ? [this.note] : this.buttons));
    }
    this.buttons.forEach((button, index) => {
      const [picture, word] = /** @type {[HTMLCanvasElement, HTMLElement]} */ (/** @type {unknown} */ (button.children));
      paintGrey(picture, samples[index].picture);
      word.textContent = words[index];
      button.ariaLabel = `Digit ${index + 1} of ${several}: ${words[index]}`;
      button.ariaPressed = String(index === chosen);
    });
  }

  /** @param {number} index */
  button(index) {
    const button = element("button", { type: "button", className: "found-digit" }, element("canvas", this.size), element("span"));
    button.addEventListener("click", () => this.choose(index));
    return button;
  }
}
