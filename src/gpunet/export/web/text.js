// Names of the data as the page writes them.

import { element } from "./dom.js";

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
