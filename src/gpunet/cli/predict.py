"""``gpunet predict``: what a model says of images, or of a table's rows."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpunet.cli import options
from gpunet.cli.messages import complain, one_line
from gpunet.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rich.console import Console

    from gpunet.training.checkpoint import Model

    Answer = tuple[str, NDArray[np.uint8], NDArray[np.float32]]
    """An image's name, its pixels (height * width,), and the probabilities (C,)."""

__all__ = ["predict"]

DIGITS = tuple("0123456789")


def predict(
    model: options.ModelFile,
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE...|TABLE",
            help="PNG or JPEG files, or one CSV file of rows; - reads the standard input.",
        ),
    ],
    as_json: options.AsJson = False,
) -> None:
    """Tell what images show, with the probability of every class, or the class of every row.

    The answers to a CSV file's rows are CSV; a column of labels in it is not looked at.
    A digit may be of any size, dark on light or light on dark. Images that cannot be read do not
    keep back the others; the exit code is 1 then.
    """
    from gpunet.cli.predict_rows import answer_rows, table_among
    from gpunet.terminal.console import make_console
    from gpunet.training.checkpoint import load

    loaded = load(model)
    if (table := table_among(images, loaded, model)) is not None:
        answer_rows(loaded, table, as_json=as_json)
        return
    names, pixels = _read_all(images, loaded)
    answers = _answer(loaded, names, pixels)
    if as_json:
        print(json.dumps([_content(loaded, answer) for answer in answers], indent=2))
    else:
        _print(make_console(), loaded, answers)
    if len(answers) < len(images):
        raise typer.Exit(1)


def _read_all(images: Sequence[str], model: Model) -> tuple[list[str], list[NDArray[np.uint8]]]:
    """The images that can be read, by name; what is wrong with the others is told."""
    names, pixels = [], []
    for name in images:
        try:
            pixels.append(_read(name, model))
        except DataError as error:
            complain(error)
        else:
            names.append("standard input" if name == "-" else name)
    return names, pixels


def _read(name: str, model: Model) -> NDArray[np.uint8]:
    """The pixels (height * width,) as the model's training images were framed."""
    from gpunet.datasets.images import LARGEST_FILE, prepare_digit, prepare_image

    image = sys.stdin.buffer.read(LARGEST_FILE + 1) if name == "-" else Path(name)
    if model.image_shape is None or (model.image_shape == (28, 28) and model.classes == DIGITS):
        return prepare_digit(image)
    return prepare_image(image, model.image_shape)


def _answer(model: Model, names: list[str], pixels: list[NDArray[np.uint8]]) -> list[Answer]:
    """The answers to a few images come faster from numpy than from any GPU."""
    import numpy as np

    from gpunet.datasets.dataset import Samples
    from gpunet.engine.factory import choose, create_engine
    from gpunet.engine.interface import NetworkSettings
    from gpunet.training.evaluation import predict as probabilities_of

    if not names:
        return []
    config = model.config
    settings = (NetworkSettings.of(config),) * len(model.parameters)
    features = np.stack(pixels)  # (n, height * width)
    samples = model.prepare(Samples(features, np.zeros(len(names), np.int32)))
    with create_engine(
        choose("cpu"), model.network, settings, config.optimizer, config.batch_size
    ) as engine:
        probabilities = probabilities_of(engine, model, samples)  # (n, C)
    return list(zip(names, pixels, probabilities, strict=True))


def _print(console: Console, model: Model, answers: Sequence[Answer]) -> None:
    from gpunet.terminal.showcase import prediction

    for name, pixels, probabilities in answers:
        top = int(probabilities.argmax())
        share = f"{100 * float(probabilities[top]):.1f} %"
        console.print(f"{one_line(name)}: {model.classes[top]} ({share})", soft_wrap=True)
        image = None if model.image_shape is None else pixels.reshape(model.image_shape)
        prediction(console, image, probabilities, model.classes)
        console.print()


def _content(model: Model, answer: Answer) -> dict[str, object]:
    name, _, probabilities = answer
    return {
        "image": name,
        "prediction": model.classes[int(probabilities.argmax())],
        "probabilities": {
            label: float(share) for label, share in zip(model.classes, probabilities, strict=True)
        },
    }
