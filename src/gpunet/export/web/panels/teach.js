// "No, this is a 7": a button for each class, which trains on the sample with that label and shows what
// was learned.

import { actionButton, element, menuOf } from "../dom.js";
import { nameText } from "../text.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../announce.js").Announcer} Announcer */

const BUTTONS = 12; // more classes are chosen from a list

export class Teach {
  /** @param {App} app @param {Announcer} announcer */
  constructor(app, announcer) {
    this.app = app;
    this.announcer = announcer;
    const { classes } = app.page.data.model;
    const isList = classes.length > BUTTONS;
    this.controls = isList ? this.list(classes) : classes.map((name, label) => this.button(name, label));
    this.note = element("p", { className: "teach-note quiet", id: "teach-note" });
    this.root = element("div", { className: "teach", role: "group", "aria-labelledby": "teach-title", "aria-describedby": "teach-note" },
      element("p", { className: "teach-title", id: "teach-title" }, "No, this is:"),
      element("div", { className: `teach-classes${isList ? " teach-list" : ""}` }, ...this.controls), this.note);
    app.on("taught", (told) => this.say(told));
    app.on("device", () => this.refresh());
    app.on("sample", () => this.refresh());
    this.refresh();
  }

  /** @param {string} name @param {number} label */
  button(name, label) {
    const text = nameText(name);
    return actionButton(text, () => this.teach(label), { ariaLabel: `No, this is ${text}`, title: name });
  }

  /** @param {string[]} classes */
  list(classes) {
    const menu = menuOf(Object.entries(classes.map(nameText)), { ariaLabel: "The right class" });
    return [menu, actionButton("Teach", () => this.teach(Number(menu.value)))];
  }

  /** @param {number} label */
  teach(label) {
    const { sample, page } = this.app;
    if (sample === null || sample.blank) return;
    this.say(`Learning that this is ${nameText(page.data.model.classes[label])}…`);
    this.app.emit("teach", { sample, label });
  }

  /** @param {string} text */
  say(text) {
    this.note.textContent = text;
    this.announcer.tell("taught", text);
  }

  /** Why teaching is not possible now; null if it is. */
  obstacle() {
    const { gpu, page, sample } = this.app;
    if (page.data.data === null) return "Teaching needs training samples, and this page carries none.";
    if (gpu === null) return "Teaching needs WebGPU, which this browser does not offer.";
    if (sample === null || sample.blank) return "Draw something first, then say what it is and the network learns it.";
    return null;
  }

  refresh() {
    const obstacle = this.obstacle();
    for (const control of this.controls) control.disabled = obstacle !== null;
    this.note.textContent = obstacle ?? "Say so if the answer is wrong, and the network learns this picture.";
  }
}
