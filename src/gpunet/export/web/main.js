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

const { networks, shape, bestEpoch } = data.model;
section("summary").textContent = `${networks > 1 ? `${networks} networks of ` : ""}${counted(shape.parameters)} parameters, weights of epoch ${bestEpoch}`;
section("device").textContent = "Looking for WebGPU…";
app.on("device", () => {
  section("device").textContent = app.gpu === null
    ? "This browser has no WebGPU: answers come from JavaScript, and nothing can be trained."
    : `WebGPU runs on ${app.gpu.name}.`;
});
section("footer").append(
  element("p", {}, `Written by gpunet ${data.version}. Everything that the page needs is in this file; it asks for nothing from elsewhere.`),
  ...(data.data === null ? [] : [element("p", {}, `Samples: ${data.data.source}${data.data.license ? `; ${data.data.license}` : ""}.`)]),
);
createDraw(section("draw"), app);
createControls(section("controls"), app);
createMembers(section("members"), app);
createThink(section("think"), app);
createTrain(section("train"), app);
createPopulation(section("population"), app);
createTests(section("tests"), app);
await app.open();
