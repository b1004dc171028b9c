// What a screen reader is told: the latest news of each kind, in one go, when it has become quiet.

import { element } from "./dom.js";

const QUIET = 700; // milliseconds without news before it is told, so that a moving pen does not chatter

export class Announcer {
  constructor() {
    this.root = element("p", { className: "unseen", role: "status", ariaLive: "polite" });
    /** @type {Map<string, string>} */
    this.news = new Map();
    this.timer = 0;
  }

  /** @param {string} kind news of the same kind replaces what was not told yet @param {string} text */
  tell(kind, text) {
    this.news.set(kind, text);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.root.textContent = [...this.news.values()].join(". ");
      this.news.clear();
    }, QUIET);
  }
}
