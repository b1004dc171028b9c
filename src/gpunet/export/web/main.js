// Where the page begins: read what Python wrote, open the GPU, fill the panels.

import { App } from "./app.js";
import { readPage } from "./data.js";

const app = new App(await readPage(document));
const { model } = app.page.data;
const summary = document.getElementById("summary");
if (summary !== null) {
  summary.textContent = `${model.networks > 1 ? `${model.networks} networks ` : ""}${model.shape.name}, trained on ${model.trainedOn}`;
}
