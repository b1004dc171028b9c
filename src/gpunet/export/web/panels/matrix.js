// The confusion matrix, or, for very many classes, the most confused pairs.

import { element } from "../dom.js";
import { counted } from "../formats.js";
import { confusedPairs, confusionMatrix } from "../metrics.js";
import { nameElement, nameText } from "../text.js";

/** @typedef {import("../testing.js").Tested} Tested */

/** Samples of one class that got one answer. @typedef {{label: number, answer: number}} Pair */

/** Classes up to which all pairs have a cell. */
const MOST_CELLS = 26;

/** Pairs that are listed if there are more classes. */
const MOST_PAIRS = 30;

/**
 * The confusions, in a form that suits the number of classes.
 * @param {string[]} classes
 * @param {(pair: Pair) => void} chosen is called with the chosen cell or pair
 */
export function createConfusions(classes, chosen) {
  return classes.length > MOST_CELLS ? new PairList(classes, chosen) : new ConfusionGrid(classes, chosen);
}

/** A sentence on a pair: "3 taken for 5". @param {string[]} classes @param {Pair} pair */
export function pairText(classes, { label, answer }) {
  const name = nameText(classes[label]);
  return label === answer ? `${name} recognized` : `${name} taken for ${nameText(classes[answer])}`;
}

/** A cell for each pair; arrow keys go from cell to cell, Enter chooses one. */
class ConfusionGrid {
  /** @param {string[]} classes @param {(pair: Pair) => void} chosen */
  constructor(classes, chosen) {
    this.classes = classes;
    this.chosen = chosen;
    /** @type {HTMLTableCellElement[]} */
    this.cells = [];
    const upright = classes.some((name) => name.length > 3);
    const header = (/** @type {string} */ name, /** @type {"col"|"row"} */ scope) =>
      element("th", { scope }, nameElement(name));
    const rows = classes.map((name, label) => element("tr", {}, header(name, "row"),
      ...classes.map((_, answer) => this.cell({ label, answer }))));
    const table = element("table", { className: upright ? "confusions upright" : "confusions", role: "grid", "aria-label": "Confusion matrix" },
      element("thead", {}, element("tr", {}, element("td", { "aria-hidden": "true" }), ...classes.map((name) => header(name, "col")))),
      element("tbody", {}, ...rows));
    table.style.setProperty("--classes", String(classes.length));
    table.addEventListener("keydown", (event) => this.key(event));
    this.cells[0].tabIndex = 0;
    this.root = element("div", { className: "confusions-frame" },
      element("p", { className: "quiet small" }, "A row for each label, a column for each answer. Choose a cell to see its samples."),
      element("div", { className: "confusions-scroll" }, table));
  }

  /** @param {Pair} pair */
  cell(pair) {
    const cell = element("td", { role: "gridcell", tabIndex: -1 });
    cell.classList.toggle("diagonal", pair.label === pair.answer);
    cell.addEventListener("click", () => this.choose(this.cells.indexOf(cell)));
    this.cells.push(cell);
    return cell;
  }

  /** @param {number} at the cell's number */
  choose(at) {
    this.focus(at);
    const pair = { label: Math.floor(at / this.classes.length), answer: at % this.classes.length };
    this.chosen(pair);
  }

  /** @param {number} at */
  focus(at) {
    for (const cell of this.cells) cell.tabIndex = -1;
    this.cells[at].tabIndex = 0;
    this.cells[at].focus();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const at = this.cells.indexOf(/** @type {HTMLTableCellElement} */ (event.target));
    if (at < 0) return;
    const width = this.classes.length, column = at % width;
    if (event.key === "Enter" || event.key === " ") this.choose(at);
    else if (event.key === "ArrowRight" && column < width - 1) this.focus(at + 1);
    else if (event.key === "ArrowLeft" && column > 0) this.focus(at - 1);
    else if (event.key === "ArrowDown" && at + width < this.cells.length) this.focus(at + width);
    else if (event.key === "ArrowUp" && at >= width) this.focus(at - width);
    else if (event.key === "Home") this.focus(at - column);
    else if (event.key === "End") this.focus(at - column + width - 1);
    else return;
    event.preventDefault();
  }

  /** Write the counts. @param {Tested} tested */
  show({ labels, answers }) {
    const width = this.classes.length, matrix = confusionMatrix(labels, answers, width);
    const mistakes = matrix.filter((_, at) => at % (width + 1) !== 0);
    const most = Math.max(1, ...mistakes);
    this.cells.forEach((cell, at) => {
      const label = Math.floor(at / width), answer = at % width, count = matrix[at];
      const ofLabel = matrix.subarray(label * width, (label + 1) * width).reduce((sum, one) => sum + one, 0);
      const share = label === answer ? count / Math.max(1, ofLabel) : Math.sqrt(count / most);
      cell.textContent = count > 0 ? counted(count) : "";
      cell.classList.toggle("some", count > 0);
      cell.style.setProperty("--share", String(share));
      cell.setAttribute("aria-label", `${pairText(this.classes, { label, answer })}: ${counted(count)} of ${counted(ofLabel)}`);
    });
  }

  /** Mark the cell whose samples are shown. @param {Pair|null} pair */
  mark(pair) {
    const marked = pair === null ? -1 : pair.label * this.classes.length + pair.answer;
    this.cells.forEach((cell, at) => cell.setAttribute("aria-selected", String(at === marked)));
  }
}

/** The most confused pairs, for more classes than a grid has room for. */
class PairList {
  /** @param {string[]} classes @param {(pair: Pair) => void} chosen */
  constructor(classes, chosen) {
    this.classes = classes;
    this.chosen = chosen;
    this.list = element("ol", { className: "pairs" });
    this.note = element("p", { className: "quiet small" });
    /** @type {{pair: Pair, button: HTMLButtonElement}[]} */
    this.entries = [];
    this.root = element("div", {}, this.note, this.list);
  }

  /** @param {Tested} tested */
  show({ labels, answers }) {
    const pairs = confusedPairs(labels, answers);
    const shown = pairs.slice(0, MOST_PAIRS);
    this.note.textContent = pairs.length === 0 ? "No class is taken for another."
      : `The ${shown.length < pairs.length ? `${shown.length} most confused of ${counted(pairs.length)} pairs` : "confused pairs"} among ${counted(this.classes.length)} classes. Choose one to see its samples.`;
    this.entries = shown.map((pair) => {
      const bar = element("span", { className: "pair-bar" });
      bar.style.setProperty("--share", String(pair.count / shown[0].count));
      const button = element("button", { type: "button", className: "pair" },
        element("span", { className: "pair-names" }, nameElement(this.classes[pair.label]), " taken for ", nameElement(this.classes[pair.answer])),
        element("span", { className: "number" }, counted(pair.count)), bar);
      button.addEventListener("click", () => this.chosen(pair));
      return { pair, button };
    });
    this.list.replaceChildren(...this.entries.map(({ button }) => element("li", {}, button)));
  }

  /** @param {Pair|null} pair */
  mark(pair) {
    for (const entry of this.entries) {
      const same = entry.pair.label === pair?.label && entry.pair.answer === pair.answer;
      entry.button.setAttribute("aria-pressed", String(same));
    }
  }
}
