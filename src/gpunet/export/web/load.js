// Unpacks the page's program and starts it. It lies in the page deflated, which makes it a third as
// long; a browser's developer tools show it as it was written, under the name gpunet.js.

import { inflated } from "./unpack.js";

const program = document.createElement("script");
program.type = "module";
program.textContent = new TextDecoder().decode(await inflated(document.getElementById("page-program")?.textContent ?? ""));
document.head.append(program);
