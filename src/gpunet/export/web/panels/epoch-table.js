// A table of a training's epochs, for readers who cannot see the curves or want to copy numbers.

import { element } from "../dom.js";
import { decimal } from "../formats.js";

/** @typedef {import("../session.js").Way} Way */

export class EpochTable {
  /** @param {string} scoreName @param {(score: number) => string} scoreText */
  constructor(scoreName, scoreText) {
    this.scoreText = scoreText;
    this.body = element("tbody");
    const names = ["epoch", "training loss", "test loss", `training ${scoreName}`, `test ${scoreName}`];
    const head = element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name)));
    this.node = element("details", { className: "epoch-table" }, element("summary", {}, "Numbers of each epoch"),
      element("div", { className: "epoch-scroll", tabIndex: 0, role: "region", "aria-label": "Numbers of each epoch" },
        element("table", { className: "number" }, element("thead", {}, head), this.body)));
  }

  /** Adds the epochs that have ended since, the latest at the top. @param {Way} way */
  show({ train, test }) {
    if (train.length < this.body.rows.length) this.body.replaceChildren();
    for (let at = this.body.rows.length; at < train.length; at++) {
      const texts = [decimal(train[at].loss), decimal(test[at]?.loss ?? NaN), this.scoreText(train[at].score), this.scoreText(test[at]?.score ?? NaN)];
      this.body.prepend(element("tr", {}, element("th", { scope: "row" }, String(train[at].x)), ...texts.map((text) => element("td", {}, text))));
    }
  }
}
