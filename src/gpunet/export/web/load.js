// Unpacks the styles of the panels and the page's program, and starts it. They lie in the page
// deflated, a third as long; a browser's developer tools show the program as it was written, under
// the name gpunet.js.

import { inflated } from "./unpack.js";

/** Adds an element with the text that lies packed in the page. @param {HTMLElement} made @param {string} id */
async function addUnpacked(made, id) {
  made.textContent = new TextDecoder().decode(await inflated(document.getElementById(id)?.textContent ?? ""));
  document.head.append(made);
}

await addUnpacked(document.createElement("style"), "page-styles");
await addUnpacked(Object.assign(document.createElement("script"), { type: "module" }), "page-program");
