"""Builds ``docs/example.html``, a page as ``gpunet export`` writes it, and takes its picture.

The model learns the digits that this package draws, so that the page's samples are free to be
published. Chromium then opens it, draws a digit, and lets it learn for a while::

    python tools/page_picture.py --example docs/example.html --output docs/page.png
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PIL import Image

import gpunet

if TYPE_CHECKING:
    from playwright.sync_api import Page

Scheme = Literal["light", "dark"]
WIDTH, HEIGHT = 1920, 1080
SAMPLES = 1500

FLAGS = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader")
"""Options with which Chromium offers WebGPU without a GPU."""

STROKES = (
    ((0.30, 0.22), (0.68, 0.20), (0.60, 0.40), (0.48, 0.58), (0.42, 0.80)),
    ((0.36, 0.52), (0.64, 0.50)),
)
"""A seven with a bar, in shares of the pad's sides."""

MARGIN = 16
"""Pixels below the panels."""

EPOCHS = 8
"""Trained in the page before the picture is taken."""


REACHED = """epochs => {
    const where = document.querySelector("#train .trainer-where").textContent;
    return Number(where.match(/epoch (\\d+)/)?.[1]) >= epochs;
}"""
"""Whether the training in the page has come to an epoch, or is beyond it."""


def main() -> None:
    """Train, export, and take the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--example", type=Path, default=Path("docs/example.html"))
    parser.add_argument("--output", type=Path, default=Path("docs/page.png"))
    parser.add_argument("--scheme", choices=("light", "dark"), default="light")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    arguments = parser.parse_args()
    run = gpunet.train("strokes", hidden=(64,), epochs=10, device="cpu", verbose=False)
    run.model.export(arguments.example, samples=SAMPLES, weights="f16", force=True)
    take_picture(arguments.example, arguments.output, arguments.chromium, arguments.scheme)


def take_picture(page: Path, output: Path, chromium: str | None, scheme: Scheme) -> None:
    """Open a page, use it for a while, and keep what it shows then."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver, tempfile.TemporaryDirectory() as profile:
        context = driver.chromium.launch_persistent_context(
            profile,
            executable_path=chromium,
            args=FLAGS,
            viewport={"width": WIDTH, "height": HEIGHT},
            color_scheme=scheme,
        )
        shown = context.new_page()
        shown.goto(page.resolve().as_uri())
        shown.locator("#draw canvas").first.wait_for()
        draw(shown)
        shown.locator("#train .trainer-start").click()
        shown.wait_for_function(REACHED, arg=EPOCHS, timeout=300_000)
        box = shown.locator("#draw").bounding_box()
        assert box is not None
        bottom = box["y"] + box["height"] + MARGIN
        shown.screenshot(
            path=output, full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": bottom}
        )
        context.close()
    with Image.open(output) as picture:
        picture.convert("RGB").quantize(256, kmeans=2).save(output, optimize=True)


def draw(shown: Page) -> None:
    """Draw the digit with the mouse."""
    box = shown.locator("#draw canvas").first.bounding_box()
    assert box is not None
    for stroke in STROKES:
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        shown.mouse.move(*points[0])
        shown.mouse.down()
        for point in points[1:]:
            shown.mouse.move(*point, steps=12)
        shown.mouse.up()


if __name__ == "__main__":
    main()
