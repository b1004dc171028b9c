// Announcements for screen readers: the latest message of each kind, all at once after a pause.

import { element } from "./dom.js";

const QUIET = 700; // milliseconds without a new message before announcing, so that a moving pen does not chatter

export class Announcer {
  constructor() {
    this.root = element("p", { className: "unseen", role: "status", ariaLive: "polite" });
    /** @type {Map<string, string>} */
    this.news = new Map();
    this.timer = 0;
  }

  /** @param {string} kind a message replaces an unannounced one of the same kind @param {string} text */
  tell(kind, text) {
    this.news.set(kind, text);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.root.textContent = [...this.news.values()].join(". ");
      this.news.clear();
    }, QUIET);
  }
}
