// Measured numbers and names of the data as the page writes them.

import { element } from "./dom.js";

/** A measured number in about four digits: "0.01235", "12,346". @param {number} value */
export function figureText(value) {
  if (!Number.isFinite(value)) return "no number";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(3);
  const digits = size < 1000 ? { maximumSignificantDigits: 4 } : { maximumFractionDigits: 0 };
  return value.toLocaleString("en-US", digits);
}

/** What a name of the data is called in a sentence; some names are empty. @param {string} name */
export function nameText(name) {
  return name.trim() === "" ? "(no name)" : name;
}

/**
 * A name of the data as an element: it may be empty, very long, or read from right to left.
 * @param {string} name
 */
export function nameElement(name) {
  return element("bdi", { className: name.trim() === "" ? "name quiet" : "name", title: name }, nameText(name));
}
