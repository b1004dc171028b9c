// Unpacks the styles of the panels and the page's program, and starts it. They lie in the page
// deflated, a third as long; a browser's developer tools show the program as it was written, under
// the name gpunet.js. Any error, then or later, is shown at the top of the page.

import { inflated } from "./unpack.js";

/** Adds an element with text that is packed in the page. @param {HTMLElement} made @param {string} id */
async function addUnpacked(made, id) {
  made.textContent = new TextDecoder().decode(await inflated(document.getElementById(id)?.textContent ?? ""));
  document.head.append(made);
}

/** Shows an error in a sentence. @param {unknown} error none where a browser merely warns */
function tellFault(error) {
  const line = document.getElementById("fault");
  if (line === null || !error) return;
  const what = error instanceof Error ? error.message : String(error);
  line.textContent = `Something went wrong in this page: ${what.replace(/\s+/g, " ").replace(/\.$/, "")}.`;
  line.hidden = false;
}

addEventListener("error", ({ error }) => tellFault(error));
addEventListener("unhandledrejection", ({ reason }) => tellFault(reason));
await addUnpacked(document.createElement("style"), "page-styles");
await addUnpacked(Object.assign(document.createElement("script"), { type: "module" }), "page-program");
