// The answer of each member of an ensemble, over their mean, which is the ensemble's answer.

import { element, fillPanel } from "../dom.js";
import { figureText, percent } from "../formats.js";
import { largestPlace } from "../metrics.js";
import { inOwnUnits } from "../rows.js";
import { nameElement, nameText } from "../text.js";
import { answerNames, bestFirst } from "../verdict.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Answer} Answer */

/** Classes that are shown, the most probable ones of more. */
const MOST_ROWS = 12;

/** A class, label or target with the members' answers to it. @typedef {{place: number, mean: number, own: number[]}} Spread */

/** Fills the panel if the model is an ensemble. @param {HTMLElement} root @param {App} app */
export function createMembers(root, app) {
  if (app.page.data.model.networks > 1) new MemberPanel(root, app);
}

class MemberPanel {
  /** @param {HTMLElement} root @param {App} app */
  constructor(root, app) {
    this.root = root;
    this.app = app;
    this.names = answerNames(app.page.data.model);
    const rows = Math.min(MOST_ROWS, this.names.length);
    this.agreement = element("p", { className: "members-agreement" }, "–");
    this.rows = Array.from({ length: rows }, () => new MemberRow());
    const longest = Math.min(20, this.names.reduce((most, name) => Math.max(most, nameText(name).length), 2));
    root.style.setProperty("--longest-name", String(longest));
    fillPanel(root, `The ensemble's ${app.page.data.model.networks} members`, this.agreement,
      element("ul", { className: "members" }, ...this.rows.map((row) => row.root)),
      element("p", { className: "quiet small" }, this.measured
        ? "Each dot is a member's answer, the line is their mean, the band one standard deviation to either side."
        : "Each dot is a member's answer, the bar is their mean, which the ensemble answers."));
    app.on("answer", (answer) => this.show(answer));
    if (app.answer !== null) this.show(app.answer);
  }

  get measured() {
    return this.app.page.data.model.shape.kind === "measured";
  }

  /** @param {Answer} answer */
  show({ members, outputs, sample }) {
    this.root.hidden = members.length < 2;
    if (members.length < 2) return;
    if (sample.blank) {
      this.agreement.textContent = "Nothing is drawn yet.";
      this.rows.forEach((row, at) => row.showNothing(this.names[at]));
      return;
    }
    const { page } = this.app;
    const means = inOwnUnits(outputs, page), own = members.map((one) => inOwnUnits(one, page));
    const places = this.names.length > MOST_ROWS && !this.measured ? bestFirst(outputs) : [...means.keys()];
    this.rows.forEach((row, at) => {
      const spread = { place: places[at], mean: means[places[at]], own: own.map((values) => values[places[at]]) };
      if (this.measured) row.showMeasured(this.names[spread.place], spread);
      else row.showShares(this.names[spread.place], spread);
    });
    this.agreement.textContent = this.agreementOf(members, outputs, own);
  }

  /** How far the members agree, in a sentence. @param {Float32Array[]} members @param {Float32Array} outputs @param {number[][]} own */
  agreementOf(members, outputs, own) {
    const { kind } = this.app.page.data.model.shape;
    if (kind === "measured") {
      return this.names.slice(0, MOST_ROWS).map((name, target) => {
        const values = own.map((one) => one[target]);
        return `${nameText(name)}: from ${figureText(Math.min(...values))} to ${figureText(Math.max(...values))}`;
      }).join("; ");
    }
    if (kind === "labels") {
      const answer = (/** @type {Float32Array} */ one) => one.map((share) => Number(share > 0.5)).join();
      const same = members.filter((one) => answer(one) === answer(outputs)).length;
      return `${same} of ${members.length} members answer the same labels.`;
    }
    /** @type {Map<number, number>} */
    const votes = new Map();
    for (const one of members) votes.set(largestPlace(one), (votes.get(largestPlace(one)) ?? 0) + 1);
    const counts = [...votes].sort((one, other) => other[1] - one[1]);
    const [first, ...others] = counts.map(([place, count]) => [nameText(this.names[place]), count]);
    if (others.length === 0) return `All ${members.length} members answer ${first[0]}.`;
    const further = others.map(([name, count]) => `${count} ${count === 1 ? "answers" : "answer"} ${name}`).join(", ");
    return `${first[1]} of ${members.length} members ${first[1] === 1 ? "answers" : "answer"} ${first[0]}, ${further}.`;
  }
}

/** A row of dots. */
class MemberRow {
  constructor() {
    this.name = element("span", { className: "member-name" });
    this.mean = element("span", { className: "member-mean" });
    this.dots = element("span", { className: "member-dots", "aria-hidden": "true" });
    this.value = element("span", { className: "member-value number" });
    this.root = element("li", { className: "member" }, this.name,
      element("span", { className: "member-track" }, this.mean, this.dots), this.value);
  }

  /** @param {string} name */
  showNothing(name) {
    this.write(name, "\u2013", "\u2013");
    this.mean.style.setProperty("--to", "0");
    this.dots.replaceChildren();
  }

  /** @param {string} name @param {Spread} spread of a class or a label */
  showShares(name, { mean, own }) {
    this.write(name, `${percent(mean)}`, `${percent(Math.min(...own))} to ${percent(Math.max(...own))}`);
    this.mean.style.setProperty("--from", "0");
    this.mean.style.setProperty("--to", String(mean));
    this.place(own);
  }

  /** @param {string} name @param {Spread} spread of a target */
  showMeasured(name, { mean, own }) {
    const deviation = Math.sqrt(own.reduce((sum, one) => sum + (one - mean) ** 2, 0) / own.length);
    const low = Math.min(...own, mean - deviation), high = Math.max(...own, mean + deviation);
    const share = (/** @type {number} */ value) => 0.05 + 0.9 * (value - low) / (high - low || 1);
    this.write(name, `${figureText(mean)} ± ${figureText(deviation)}`, `${figureText(Math.min(...own))} to ${figureText(Math.max(...own))}`);
    this.root.classList.add("measured");
    this.mean.style.setProperty("--from", String(share(mean - deviation)));
    this.mean.style.setProperty("--to", String(share(mean + deviation)));
    this.place(own.map(share));
  }

  /** @param {string} name @param {string} text @param {string} range */
  write(name, text, range) {
    this.name.replaceChildren(nameElement(name));
    this.value.textContent = text;
    this.root.title = `Members: ${range}`;
  }

  /** @param {number[]} shares of the track's width */
  place(shares) {
    while (this.dots.childElementCount < shares.length) this.dots.append(element("span", { className: "member-dot" }));
    shares.forEach((share, at) => {
      const dot = /** @type {HTMLElement} */ (this.dots.children[at]);
      dot.style.setProperty("--at", String(share));
    });
  }
}
