// Where the page begins: read what Python wrote, fill the panels, open the GPU.

import { App } from "./app.js";
import { readPage } from "./data.js";
import { element } from "./dom.js";
import { counted } from "./formats.js";
import { createControls } from "./panels/controls.js";
import { createDraw } from "./panels/draw.js";
import { createMembers } from "./panels/members.js";
import { createPopulation } from "./panels/population.js";
import { createTests } from "./panels/tests.js";
import { createThink } from "./panels/think.js";
import { createTrain } from "./panels/train.js";

const app = new App(await readPage(document));
const { data } = app.page;

/** The section of a panel. @param {string} name */
const section = (name) => /** @type {HTMLElement} */ (document.getElementById(name));

/** Shows which networks answer. */
function tellNetworks() {
  const { shape, networks, trained } = app.networks;
  const many = networks > 1 ? `${networks} networks of ` : "";
  section("summary").textContent = trained
    ? `${many}${shape.name}, trained here with ${trained.optimizer}, epoch ${trained.epochs}`
    : `${many}${counted(shape.parameters)} parameters, weights of epoch ${data.model.bestEpoch}`;
}

tellNetworks();
app.on("weights", tellNetworks);
section("device").textContent = "Looking for WebGPU…";
app.on("device", () => {
  section("device").textContent = app.gpu === null
    ? "This browser has no WebGPU: answers come from JavaScript, and nothing can be trained."
    : app.gpuAnswers?.fault
      ? `WebGPU runs on ${app.gpu.name}, but does not answer, so JavaScript does: ${app.gpuAnswers.fault}.`
      : `WebGPU runs on ${app.gpu.name}${app.gpu.software ? ", as there is no GPU for it here" : ""}.`;
});
section("footer").append(
  element("p", {}, `Written by gpunet ${data.version}. Everything that the page needs is in this file; it asks for nothing from elsewhere.`),
  ...(data.data === null ? [] : [element("p", {}, `Samples: ${data.data.source}${data.data.license ? `; ${data.data.license}` : ""}.`)]),
);
/** @type {[string, (root: HTMLElement, app: App) => void][]} */
const panels = [
  ["draw", createDraw], ["controls", createControls], ["members", createMembers], ["think", createThink],
  ["train", createTrain], ["population", createPopulation], ["tests", createTests],
];
for (const [name, create] of panels) {
  try {
    create(section(name), app);
  } catch (error) {
    reportError(error); // the other panels work without it
  }
}
await app.open();
