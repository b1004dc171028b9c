"""``gpunet predict``: what a model says of images, or of a table's rows."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpunet.cli import options
from gpunet.config import FramingStyle
from gpunet.errors import DataError
from gpunet.terminal.live.notes import complain, one_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rich.console import Console

    from gpunet.datasets.framing import Digit, Framing
    from gpunet.model import Model

    Answer = tuple[str, list[Digit], NDArray[np.float32]]
    """An image's name, the digits in it from left to right, the probabilities (digits, C)."""

__all__ = ["predict"]


def predict(
    model: options.ModelFile,
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE...|TABLE",
            help="PNG or JPEG files, or one CSV file of rows; - reads the standard input.",
        ),
    ],
    framing: Annotated[
        FramingStyle,
        typer.Option(
            help="mnist crops the image to its ink and centers that, as-is brings it to the "
            "model's size only; auto does as the training images were framed.",
        ),
    ] = "auto",
    as_json: options.AsJson = False,
) -> None:
    """Tell what images show, with the probability of every class, or the class of every row.

    The answers to a CSV file's rows are CSV; a column of labels in it is not looked at. A model
    whose training images are framed like MNIST's reads a digit of any size, dark on light or light
    on dark, and several of them in one image from left to right; other images are only resized.
    Images that cannot be read do not keep back the others; the exit code is 1 then.
    """
    from gpunet.artifacts.model_file import load
    from gpunet.cli.predict_rows import answer_rows, table_among
    from gpunet.terminal.live.console import make_console

    loaded = load(model)
    if (table := table_among(images, loaded, model)) is not None:
        answer_rows(loaded, table, as_json=as_json)
        return
    shape = loaded.image_shape
    assert shape is not None  # else the names are those of tables
    answers = _answer(loaded, _read_all(images, shape, _framing(framing, loaded, shape)))
    if as_json:
        contents = [entry for answer in answers for entry in _contents(loaded, answer)]
        print(json.dumps(contents, indent=2))
    else:
        _print(make_console(), loaded, answers)
    if len(answers) < len(images):
        raise typer.Exit(1)


def _framing(style: FramingStyle, model: Model, shape: tuple[int, int]) -> Framing | None:
    """How digits are to be framed; ``None`` if images are taken as they are."""
    from gpunet.datasets.framing import Framing

    if style == "as-is":
        return None
    if style == "mnist" and model.framing is None:
        return Framing.usual(shape, paper=255 if model.inverted else 0)
    return model.framing


def _read_all(
    images: Sequence[str], shape: tuple[int, int], framing: Framing | None
) -> list[tuple[str, list[Digit]]]:
    """The images that can be read, by name; what is wrong with the others is told."""
    read = []
    for name in images:
        try:
            digits = _read(name, shape, framing)
        except DataError as error:
            complain(error)
        else:
            read.append(("standard input" if name == "-" else name, digits))
    return read


def _read(name: str, shape: tuple[int, int], framing: Framing | None) -> list[Digit]:
    """The digits of an image as the model's training images were framed; else all of it as one."""
    from gpunet.datasets.framing import Digit, prepare_digits
    from gpunet.datasets.images import LARGEST_FILE, open_image, prepare_image

    image = sys.stdin.buffer.read(LARGEST_FILE + 1) if name == "-" else Path(name)
    if framing is not None:
        return prepare_digits(image, framing, shape)
    opened = open_image(image)
    return [Digit(prepare_image(opened, shape), (0, 0, *opened.size))]


def _answer(model: Model, read: list[tuple[str, list[Digit]]]) -> list[Answer]:
    """The answers to all digits of all images."""
    import numpy as np

    from gpunet.datasets.dataset import Samples
    from gpunet.workflows.answers import probabilities_of

    if not read:
        return []
    features = np.stack([digit.pixels for _, digits in read for digit in digits])
    samples = model.prepare(Samples(features, np.zeros(len(features), np.int32)))
    probabilities = probabilities_of(model, samples)  # (digits of all images, C)
    ends = np.cumsum([len(digits) for _, digits in read])
    parts = np.split(probabilities, ends[:-1])
    return [(name, digits, part) for (name, digits), part in zip(read, parts, strict=True)]


def _print(console: Console, model: Model, answers: Sequence[Answer]) -> None:
    from gpunet.terminal.views.showcase import prediction

    for name, digits, probabilities in answers:
        shares = [
            f"{model.classes[int(row.argmax())]} ({100 * float(row.max()):.1f} %)"
            for row in probabilities
        ]
        console.print(f"{one_line(name)}: {' '.join(shares)}", soft_wrap=True)
        for digit, row in zip(digits, probabilities, strict=True):
            shape = model.image_shape
            image = None if shape is None else digit.pixels.reshape(shape)
            prediction(console, image, row, model.classes)
            console.print()


def _contents(model: Model, answer: Answer) -> list[dict[str, object]]:
    """One entry for each digit of an image."""
    name, digits, probabilities = answer
    return [
        {
            "image": name,
            "box": digit.box,
            "prediction": model.classes[int(row.argmax())],
            "probabilities": {
                label: float(share) for label, share in zip(model.classes, row, strict=True)
            },
        }
        for digit, row in zip(digits, probabilities, strict=True)
    ]
