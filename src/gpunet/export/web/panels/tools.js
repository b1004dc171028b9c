// The tools below the board: buttons, the width of the pen, and ways to open an image.

import { actionButton, element } from "../dom.js";

/** @typedef {import("./pad.js").Pad} Pad */

/** @param {Pad} pad @param {(file: Blob) => void} open is called with a chosen, pasted or dropped image file */
export function padTools(pad, open) {
  const undo = actionButton("Undo", () => pad.undo());
  const redo = actionButton("Redo", () => pad.redo());
  const clear = actionButton("Clear", () => pad.clear());
  const eraser = actionButton("Eraser", () => pad.setEraser(!pad.erases));
  const width = element("input", { type: "range", min: "2", max: "14", step: "0.5", value: String(100 * pad.penWidth) });
  width.addEventListener("input", () => { pad.penWidth = Number(width.value) / 100; });
  pad.listenToChange(() => {
    // Not disabled, because a disabled button would lose the focus.
    undo.ariaDisabled = String(!pad.history.canUndo);
    redo.ariaDisabled = String(!pad.history.canRedo);
    clear.ariaDisabled = String(pad.isEmpty);
    eraser.ariaPressed = String(pad.erases);
  });
  return element("div", { className: "pad-tools", role: "group", ariaLabel: "Drawing tools" },
    undo, redo, clear, eraser, ...imageButton(open),
    element("label", { className: "pad-width" }, element("span", {}, "Pen"), width));
}

/** A button that asks for an image file; one may also be pasted, or dropped anywhere on the page. @param {(file: Blob) => void} open */
function imageButton(open) {
  const input = element("input", { type: "file", accept: "image/*", hidden: true, tabIndex: -1 });
  input.addEventListener("change", () => {
    if (input.files?.[0]) open(input.files[0]);
    input.value = ""; // so that the same file can be chosen once more
  });
  document.addEventListener("paste", (event) => receive(event, event.clipboardData, open));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => receive(event, event.dataTransfer, open));
  return [actionButton("Image…", () => input.click()), input];
}

/** @param {Event} event @param {DataTransfer|null} data @param {(file: Blob) => void} open */
function receive(event, data, open) {
  const file = data?.files[0];
  if (event.type === "drop") event.preventDefault(); // else the browser leaves the page for the file
  if (file === undefined) return;
  event.preventDefault();
  open(file);
}
