// A slider of learning rates: twenty steps for each power of ten, the optimizer's own rate among them.

import { element } from "../dom.js";
import { short } from "../formats.js";

const STEPS_OF_TEN = 20;

export class RateSlider {
  /** @param {number} own rate of the optimizer @param {() => void} changed */
  constructor(own, changed) {
    this.own = own;
    this.input = element("input", { type: "range", min: String(-3 * STEPS_OF_TEN), max: String(2 * STEPS_OF_TEN), step: "1", value: "0" });
    this.number = element("span", { className: "rate-number number" });
    this.node = element("label", { className: "field rate" },
      element("span", { className: "field-name" }, "Learning rate ", this.number), this.input);
    this.input.addEventListener("input", () => { this.tell(); changed(); });
    this.tell();
  }

  get rate() {
    return Number((this.own * 10 ** (Number(this.input.value) / STEPS_OF_TEN)).toPrecision(2));
  }

  /** Goes to an optimizer's own rate. @param {number} own */
  reset(own) {
    this.own = own;
    this.input.value = "0";
    this.tell();
  }

  tell() {
    const text = short(this.rate);
    this.number.textContent = text;
    this.input.setAttribute("aria-valuetext", text);
  }
}
