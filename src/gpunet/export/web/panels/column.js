// One column of a table: a slider with a field for the exact number, or a choice of words.

import { element, menuOf } from "../dom.js";
import { nameElement, nameText } from "../text.js";
import { valueText } from "./mistakes.js";

/** @typedef {import("../rows.js").Value} Value */
/** @typedef {import("../types.js").Control} Control */

/** Steps of a slider from one end to the other. */
const STEPS = 200;

export class ColumnControl {
  /** @param {Control} control @param {(value: Value) => void} changed is called with the reader's value */
  constructor(control, changed) {
    this.control = control;
    this.changed = changed;
    /** The place for the curve of the answer. */
    this.curve = element("div", { className: "column-curve" });
    this.name = element("span", { className: "column-name" }, nameElement(control.name));
    this.note = element("span", { className: "quiet column-note" });
    /** @type {(value: Value) => void} */
    this.show = () => {};
    this.root = element("div", { className: "column", role: "group", "aria-label": nameText(control.name) });
    this.root.append(...(control.kind === "choice" ? this.choice() : this.number()));
  }

  /** A menu of the words, with an entry for any other word at the end. */
  choice() {
    const { choices, name } = this.control;
    const places = [...choices.keys(), null];
    const select = menuOf(Object.entries(places.map((place) => valueText(this.control, place))), { "aria-label": nameText(name) });
    select.addEventListener("change", () => this.changed(places[Number(select.value)]));
    this.show = (value) => { select.value = String(value ?? choices.length); };
    return [element("div", { className: "column-head" }, this.name, select), this.curve];
  }

  /** A slider, a field, and a box for a missing number if the model fills these. */
  number() {
    const { low, high, whole, name, missing } = this.control;
    const label = nameText(name);
    const step = whole ? Math.max(1, Math.ceil((high - low) / STEPS / 10)) : (high - low) / STEPS || 1;
    const slider = element("input", { type: "range", min: String(low), max: String(high), step: String(step), "aria-label": label, disabled: low === high });
    const field = element("input", { type: "number", step: "any", className: "number", "aria-label": `${label}, exactly` });
    const box = element("input", { type: "checkbox" });
    slider.addEventListener("input", () => this.changed(slider.valueAsNumber));
    field.addEventListener("input", () => {
      if (Number.isFinite(field.valueAsNumber)) this.changed(field.valueAsNumber);
    });
    box.addEventListener("change", () => this.changed(box.checked ? null : slider.valueAsNumber));
    this.show = (value) => {
      const lacks = value === null;
      box.checked = lacks;
      slider.classList.toggle("is-missing", lacks);
      if (!lacks) slider.value = String(value);
      if (document.activeElement !== field) field.value = lacks ? "" : String(Number(value.toPrecision(7)));
      field.placeholder = lacks ? "missing" : "";
      this.note.textContent = low === high ? "always alike" : !lacks && (value < low || value > high) ? "beyond training" : "";
    };
    const mark = missing ? element("label", { className: "column-missing" }, box, "missing") : null;
    return [element("div", { className: "column-head" }, this.name, this.note, field),
      element("div", { className: "column-slider" }, this.curve, slider, mark)];
  }
}
