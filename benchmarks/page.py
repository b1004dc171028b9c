"""A training step in an exported page, beside gpunet's own and JavaScript's libraries.

The page's engine in headless Chromium and gpunet's own engine run the same programs on the same
software adapter, SwiftShader; jax-js and TensorFlow.js train the same network in the same browser,
from the same weights, with batches that lie ready on the device. All take turns, round by round.
npm installs the two libraries into a folder that is named:

    pip install -e '.[benchmarks]'
    python benchmarks/page.py --npm FOLDER

The table is printed, and with ``--output FOLDER`` written there with all figures as JSON.
"""

from __future__ import annotations

import argparse
import dataclasses
import mimetypes
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import gpunet
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.origin import Origin
from gpunet.engine.factory import select_device
from gpunet.engine.timing import MOST_STEPS, Rounds, repetitions
from gpunet.errors import UsageError, pip_install
from gpunet.export.page import page_html
from gpunet.export.page_data import page_data
from gpunet.model import Model, Scores
from output import Output, parser_of, run_script
from peers.engines import engine_on
from peers.machine import machine, results
from peers.shapes import Shape, add_shape_option
from peers.task import CLASSES, INPUTS, drawn_task

PACKAGES = ("@jax-js/jax", "@tensorflow/tfjs", "@tensorflow/tfjs-backend-webgpu")

SCRIPTS = (
    "@tensorflow/tfjs/dist/tf.min.js",
    "@tensorflow/tfjs-backend-webgpu/dist/tf-backend-webgpu.min.js",
)

WEB = Path(gpunet.__file__).with_name("export") / "web"
PEERS = Path(__file__).with_name("peers")

HOST = "http://localhost"
"""Address of the page's modules; there is no server, this script answers the requests."""

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-dev-shm-usage", "--enable-unsafe-webgpu"),
    "--use-webgpu-adapter=swiftshader",
)

SAMPLES, SECONDS_A_ROUND, WARM_STEPS = 4096, 0.5, 16

TRAIN_SHARE = 3 / 4
"""A page carries so many of its samples to train on."""

OPEN = """async html => {
    const { readPage } = await import("/data.js");
    const { openGpu } = await import("/gpu.js");
    globalThis.told = await readPage(new DOMParser().parseFromString(html, "text/html"));
    globalThis.gpu = await openGpu();
    globalThis.peers = await import("/peers/page_peers.js");
}"""

OWN, PAGE = "gpunet's own engine", "gpunet's page"

IN_PAGE = {
    PAGE: "peers.gpunet(told, gpu)",
    "jax-js, WebGPU": 'peers.jaxJs(told, "webgpu")',
    "jax-js, WebAssembly": 'peers.jaxJs(told, "wasm")',
    "TensorFlow.js, WebGPU": 'peers.tensorFlow(told, "webgpu")',
}
"""The constructor of each contender in the browser, by name."""

Take = Callable[[int], tuple[float, float]]
"""Trains so many steps from the start; the seconds that they took, and the last loss."""


@dataclass(eq=False)
class Course:
    """A contender's rounds.

    Args:
        name: in the table.
        take: trains.
        steps: in a round.
        seconds: of a step, one number a round.
        loss: of the last step that warmed it up; the own engine's is not asked for.
        left_out: why it has no figures, else an empty string.
    """

    name: str
    take: Take | None
    steps: int = WARM_STEPS
    seconds: list[float] = field(default_factory=list)
    loss: float | None = None
    left_out: str = ""

    def warm(self) -> None:
        """Compile everything, and find how many steps take about ``SECONDS_A_ROUND``."""
        if self.take is None:
            return
        try:
            self.take(4)
            seconds, self.loss = self.take(WARM_STEPS)
            self.steps = repetitions(seconds / WARM_STEPS, SECONDS_A_ROUND, MOST_STEPS)
        except Exception as error:  # another library may raise anything
            self.take, self.left_out = None, str(error).partition("\n")[0]

    def go(self) -> None:
        """Take a round."""
        if self.take is not None:
            self.seconds.append(self.take(self.steps)[0] / self.steps)


def main() -> None:
    """Measure every shape."""
    options = _options()
    output = Output(options.output, results("page"), ".md", ".json")
    _install(options.npm)
    courses: dict[str, list[Course]] = {}
    lines = _document(options.shape, options.rounds, options.npm, courses)
    output.show(".md", lines)
    output.write_json({shape: [_told(one) for one in own] for shape, own in courses.items()})


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--npm", type=Path, help="where npm installs the libraries; none without")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each contender")
    add_shape_option(parser, "784-16-16@4 784-128@32")
    return parser.parse_args()


def _told(course: Course) -> dict[str, Any]:
    return {
        one.name: getattr(course, one.name)
        for one in dataclasses.fields(course)
        if one.name != "take"
    }


def _install(folder: Path | None) -> None:
    """Have npm install the libraries, unless they are there."""
    if folder is None or all((folder / "node_modules" / one).exists() for one in PACKAGES):
        return
    folder.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
    subprocess.run([*command, *PACKAGES], check=True)


def _document(
    shapes: Sequence[Shape], rounds: int, npm: Path | None, courses: dict[str, list[Course]]
) -> Iterator[str]:
    yield "# A training step in the page"
    yield ""
    yield (
        f"{machine()}; headless Chromium on SwiftShader, on which gpunet's own engine works, too. "
        "Adam on bytes, or in the libraries on floats in batches that lie ready on the device. "
        f"Medians over {rounds} rounds in turn, of some {SECONDS_A_ROUND} s each; the range of the "
        f"rounds behind them. The loss is that of step {WARM_STEPS}; of gpunet's page the mean up "
        "to it."
    )
    for shape in shapes:
        yield ""
        yield f"## {shape}"
        yield ""
        yield "| contender | ms a step | lowest to highest | times gpunet's own | loss |"
        yield "| --- | --- | --- | --- | --- |"
        courses[str(shape)] = _measured(shape, rounds, npm)
        own = median(courses[str(shape)][0].seconds)
        for course in courses[str(shape)]:
            yield _row(course, own)


def _row(course: Course, own: float) -> str:
    if not course.seconds:
        return f"| {course.name} | {course.left_out} | | | |"
    low, middle, high = min(course.seconds), median(course.seconds), max(course.seconds)
    loss = "" if course.loss is None else f"{course.loss:.3f}"
    spread = f"{1e3 * low:.3g} to {1e3 * high:.3g}"
    return f"| {course.name} | {1e3 * middle:.3g} | {spread} | {middle / own:.2f} | {loss} |"


def _measured(shape: Shape, rounds: int, npm: Path | None) -> list[Course]:
    """All contenders at one shape, in turn."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise UsageError(
            f"playwright, which drives the browser, is not here; run {pip_install('playwright')}"
        ) from error
    device = select_device("swiftshader")
    engine = Rounds.of(engine_on(device, INPUTS, shape.config), SECONDS_A_ROUND)

    def own(steps: int) -> tuple[float, float]:
        engine.steps = steps
        engine.take()
        return engine.seconds[-1], float("nan")

    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        courses = [Course(OWN, lambda steps: (steps * own(steps)[0], float("nan")))]
        courses += [
            _of_page(_opened(browser, shape, npm), name, made)
            for name, made in IN_PAGE.items()
            if npm or name == PAGE
        ]
        for course in courses:
            course.warm()
        courses[0].loss = None
        for _ in range(rounds):
            for course in courses:
                course.go()
        browser.close()
    return courses


def _opened(browser: Any, shape: Shape, npm: Path | None) -> Any:
    """A page that knows the network, the samples, and the contenders."""
    page = browser.new_page()
    page.set_default_timeout(0)
    page.route(f"{HOST}/**", lambda route: _answer(route, npm))
    page.goto(f"{HOST}/")
    if npm is not None:
        for script in SCRIPTS:
            page.add_script_tag(path=npm / "node_modules" / script)
    page.evaluate(OPEN, _page(shape))
    return page


def _of_page(page: Any, name: str, made: str) -> Course:
    """A contender in the browser."""
    handle: list[Any] = []

    def take(steps: int) -> tuple[float, float]:
        if not handle:
            handle.append(page.evaluate_handle(f"async () => ({{ take: await {made} }})"))
        told = page.evaluate("([one, steps]) => one.take(steps)", [handle[0], steps])
        return told["seconds"], told["loss"]

    return Course(name, take)


def _answer(route: Any, npm: Path | None) -> None:
    """Give out a module of the page, of the peers, or of a library."""
    name = route.request.url.removeprefix(f"{HOST}/")
    path = WEB / name
    if name.startswith("peers/"):
        path = PEERS / name.removeprefix("peers/")
    elif name.startswith("npm/") and npm is not None:
        path = npm / "node_modules" / name.removeprefix("npm/")
    if name and path.is_file():
        route.fulfill(body=path.read_bytes(), content_type=mimetypes.guess_type(path.name)[0])
    else:
        route.fulfill(body="<!doctype html><title>benchmark</title>", content_type="text/html")


def _page(shape: Shape) -> str:
    """A page of the network with its first weights, and of the samples."""
    task = drawn_task(shape.network.hidden, shape.batch, SAMPLES)
    parts = np.split(np.arange(SAMPLES), [round(TRAIN_SHARE * SAMPLES)])
    train, test = (Samples(task.features[rows], task.labels[rows]) for rows in parts)
    names = tuple(map(str, range(CLASSES)))
    data = Dataset("drawn", train, test, names, (28, 28), "drawn at random")
    flat = [part.ravel() for layer in task.layers for part in layer]
    parameters = np.concatenate(flat)[None]
    origin = Origin(data.name, None, "", data.source)
    shared = (names, (28, 28), None, origin, 0, Scores(None, None))
    model = Model(shape.network, parameters, shape.config, *shared)
    told = page_data(model, data, samples=SAMPLES)
    return page_html(told, title="", description="", icon="", preview="")


if __name__ == "__main__":
    run_script(main)
