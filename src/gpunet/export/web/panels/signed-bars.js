// A list of names with a bar each, to the left below zero and to the right above. The rows are made
// once and reused, as the values may change with every stroke of the pen.

import { element } from "../dom.js";
import { signedNumber } from "../formats.js";

/** @typedef {{name: string, value: number}} SignedBar */

export class SignedBars {
  /** @param {number} rows @param {string} label of the list */
  constructor(rows, label) {
    this.rows = Array.from({ length: rows }, () => {
      const name = element("span", { className: "think-bar-name" });
      const fill = element("span", { className: "think-bar-fill" });
      const value = element("data", { className: "think-bar-value number" });
      const track = element("span", { className: "think-bar-track" }, fill);
      return { root: element("li", { className: "think-bar" }, name, track, value), name, fill, value };
    });
    this.root = element("ul", { className: "think-bars", ariaLabel: label }, ...this.rows.map((row) => row.root));
  }

  /** Shows as many bars as there is room for. @param {SignedBar[]} bars @param {number} range the longest bar's value */
  set(bars, range) {
    this.rows.forEach(({ root, name, fill, value }, index) => {
      const bar = bars[index];
      root.classList.toggle("think-absent", bar === undefined);
      if (bar === undefined) return;
      name.textContent = name.title = bar.name;
      value.value = String(bar.value);
      value.textContent = signedNumber(bar.value);
      fill.classList.toggle("think-minus", bar.value < 0);
      fill.style.setProperty("--share", String(range > 0 ? Math.min(1, Math.abs(bar.value) / range) : 0));
    });
  }
}

/** The indices of the values with the largest magnitudes, the largest first. @param {ArrayLike<number>} values @param {number} count */
export function farthest(values, count) {
  /** @type {number[]} */
  const places = [];
  for (let place = 0; place < values.length; place++) {
    const size = Math.abs(values[place]) || 0;
    if (places.length === count && size <= Math.abs(values[places[count - 1]])) continue;
    let at = places.length;
    while (at > 0 && Math.abs(values[places[at - 1]]) < size) at--;
    places.splice(at, 0, place);
    if (places.length > count) places.pop();
  }
  return places;
}
