"""How well ``gpunet predict`` reads digits in images as people take them.

Draws test images of MNIST the way that scans, photographs and drawing programs have them (shadows,
noise, ruled paper, a sheet on a desk, thin pens ...), one way a row, and counts for each how many
``gpunet predict --json`` reads right, how many wrong ones it is sure of, and how many images it
refuses. The draws are seeded; the same digits stand in every row. MNIST stays outside of the
repository; the folder of its IDX files, packed or not, is given:

    python benchmarks/photographs.py --mnist FOLDER
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

import gpunet
from drawn_images import ABREAST, BLANK, WAYS, Across, Blank, Way
from gpunet.datasets.dataset import Samples
from gpunet.datasets.readers.path import read_path
from output import Output, parser_of, run_script

SURE = 0.9  # a share of the probability; a wrong answer above is worse than a wrong answer


class Count(NamedTuple):
    """The results for the images of one row."""

    right: int
    sure_and_wrong: int
    refused: int
    images: int


def main() -> None:
    """Print one row for each way, as Markdown."""
    options = _options()
    output = Output(options.output, "photographs", ".md")
    with tempfile.TemporaryDirectory() as folder:
        output.show(".md", _report(options, Path(folder)))


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--mnist", type=Path, required=True, help="folder of MNIST's IDX files")
    parser.add_argument("--model", type=Path, help="a model of MNIST; else 784-128-10 is trained")
    parser.add_argument("--digits", type=int, default=50, help="the first ones of the test set")
    parser.add_argument("--seed", type=int, default=0, help="of noise and places")
    parser.add_argument("--only", default="", help="rows whose name holds this text")
    parser.add_argument("--images", type=Path, help="folder to keep the drawn images in")
    return parser.parse_args()


def _report(options: argparse.Namespace, folder: Path) -> Iterator[str]:
    test = read_path(options.mnist).test
    model = options.model or _trained(options.mnist, folder / "model.safetensors")
    images = options.images or folder
    yield "# How well `gpunet predict` reads digits in images as people take them"
    yield ""
    yield (
        f"gpunet {gpunet.__version__}, the first {options.digits} images of MNIST's test set drawn "
        f"in each way from seed {options.seed}, read by a model of 784-128-10. A wrong answer of "
        f"more than {SURE:.0%} is counted as sure."
    )
    yield ""
    yield "| image | right | wrong and sure | refused | of |"
    yield "| --- | --- | --- | --- | --- |"
    for name, drawn in _drawn(test, options.digits, options.seed):
        if options.only in name:
            count = _count(model, drawn, images / name.replace(" ", "-").replace("/", "-"))
            yield "| " + " | ".join([name, *map(str, count)]) + " |"


def _trained(mnist: Path, model: Path) -> Path:
    options = ["--hidden", "128", "--device", "cpu", "--quiet"]
    paths = ["--data", str(mnist), "--output", str(model)]
    trained = subprocess.run([sys.executable, "-m", "gpunet", "train", *options, *paths])
    if trained.returncode:
        sys.exit(trained.returncode)  # it has printed the reason
    return model


def _drawn(
    test: Samples, count: int, seed: int
) -> Iterator[tuple[str, Callable[[], list[tuple[str, Image.Image]]]]]:
    """The rows: a name, and what draws its images with the digits that they show."""
    digits = [image.reshape(28, 28) for image in test.features[:count].astype(np.uint8)]
    labels = [str(label) for label in test.labels[:count]]
    for name, way in WAYS.items():

        def draw(way: Way = way) -> list[tuple[str, Image.Image]]:
            random = np.random.default_rng(seed)
            return [
                (label, way(digit, random)) for label, digit in zip(labels, digits, strict=True)
            ]

        yield name, draw
    for name, across in ABREAST.items():

        def draw_some(across: Across = across) -> list[tuple[str, Image.Image]]:
            random = np.random.default_rng(seed)
            firsts = range(0, count - 1, 2)
            sizes = [int(random.integers(2, 6)) for _ in firsts]
            return [
                ("".join(labels[i : i + n]), across(digits[i : i + n], random))
                for i, n in zip(firsts, sizes, strict=True)
            ]

        yield name, draw_some
    for name, blank in BLANK.items():

        def draw_none(blank: Blank = blank) -> list[tuple[str, Image.Image]]:
            random = np.random.default_rng(seed)
            return [("", blank(random)) for _ in range(10)]

        yield name, draw_none


def _count(model: Path, draw: Callable[[], list[tuple[str, Image.Image]]], folder: Path) -> Count:
    """What ``gpunet predict`` says of the images of one row."""
    folder.mkdir(parents=True)
    expected = {}
    for number, (text, image) in enumerate(draw()):
        path = folder / f"{number:03}-{text or 'blank'}.png"
        image.save(path)
        expected[str(path)] = text
    command = [sys.executable, "-m", "gpunet", "predict", str(model), "--json", *expected]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    found: dict[str, list[tuple[str, float]]] = {path: [] for path in expected}
    for answer in json.loads(ran.stdout):
        share = max(answer["probabilities"].values())
        found[answer["image"]].append((answer["prediction"], share))
    texts = {path: "".join(digit for digit, _ in answers) for path, answers in found.items()}
    wrong = [path for path in expected if texts[path] != expected[path]]
    sure = [path for path in wrong if max((share for _, share in found[path]), default=0) > SURE]
    refused = sum(not answers for answers in found.values())
    return Count(len(expected) - len(wrong), len(sure), refused, len(expected))


if __name__ == "__main__":
    run_script(main)
