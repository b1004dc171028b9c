"""``gpunet predict``: what a model says of images, or of a table's rows."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpunet.cli import options
from gpunet.config import FramingStyle
from gpunet.errors import DataError, ModelError, UsageError
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

STANDARD_INPUT = "-"


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
    from gpunet.terminal.live.console import make_console

    loaded = load(model)
    if (table := _table_among(images, loaded, model)) is not None:
        _answer_rows(loaded, table, as_json=as_json)
        return
    shape = loaded.image_shape
    assert shape is not None  # else the names are those of tables
    answers = _answer(loaded, _read_all(images, shape, _framing(framing, loaded, shape)))
    if as_json:
        contents = [
            {"image": name, "box": digit.box, **_content(loaded, row)}
            for name, digits, probabilities in answers
            for digit, row in zip(digits, probabilities, strict=True)
        ]
        print(json.dumps(contents, indent=2))
    else:
        _print(make_console(), loaded, answers)
    if len(answers) < len(images):
        raise typer.Exit(1)


def _table_among(names: Sequence[str], model: Model, path: Path) -> str | None:
    """The table that is to be answered, or ``None`` if the names are those of images.

    Args:
        names: as the user gave them.
        model: that is to answer.
        path: of the model.

    Raises:
        UsageError: a table is not alone.
        ModelError: the model's samples are rows, and a name is that of an image.
    """
    from gpunet.datasets.readers.table import TABLE_NAMES, is_table_name

    tables = [name for name in names if is_table_name(name)]
    if model.image_shape is None:
        others = [name for name in names if name not in tables and name != STANDARD_INPUT]
        if others:
            raise ModelError(
                f"{path} was trained on {model.origin.name!r}, whose samples are no images, but "
                f"{others[0]} is no table of rows; give a CSV file, whose name ends in "
                f"{TABLE_NAMES}"
            )
        tables = list(names)
    if not tables:
        return None
    if len(names) > 1:
        raise UsageError(f"{tables[0]} is a table, which is answered alone; give one at a time")
    return tables[0]


def _answer_rows(model: Model, name: str, *, as_json: bool) -> None:
    """Print the class of every row of a table, and its probability; as JSON, all probabilities.

    Raises:
        DataError: the table cannot be read, or lacks a column.
    """
    from gpunet.datasets.readers.model_rows import read_row_blocks
    from gpunet.files.home import expanded
    from gpunet.workflows.answers import probabilities_of

    source = sys.stdin.buffer if name == STANDARD_INPUT else expanded(name)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    begun = False
    contents: list[dict[str, object]] = []
    for rows in read_row_blocks(source, model.table_columns, model.network.inputs):
        found = probabilities_of(model, rows.features)  # (rows, C)
        answers = zip(rows.names, found, strict=True)
        if as_json:
            contents += [{"row": row, **_content(model, one)} for row, one in answers]
            continue
        if not begun:
            writer.writerow([one_line(rows.index or "row"), "prediction", "probability"])
            begun = True
        for row, probabilities in answers:
            top = int(probabilities.argmax())
            called = row if isinstance(row, int) else one_line(row)
            writer.writerow([called, one_line(model.classes[top]), f"{probabilities[top]:.6f}"])
    if as_json:
        print(json.dumps(contents, indent=2))


def _content(model: Model, probabilities: NDArray[np.float32]) -> dict[str, object]:
    """An answer as JSON holds it."""
    return {
        "prediction": model.classes[int(probabilities.argmax())],
        "probabilities": dict(zip(model.classes, probabilities.tolist(), strict=True)),
    }


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
    """The images that can be read, by name; what is wrong with the others is printed."""
    read = []
    for name in images:
        try:
            digits = _read(name, shape, framing)
        except DataError as error:
            complain(error)
        else:
            read.append(("standard input" if name == STANDARD_INPUT else name, digits))
    return read


def _read(name: str, shape: tuple[int, int], framing: Framing | None) -> list[Digit]:
    """The digits of an image as the model's training images were framed; else all of it as one."""
    from gpunet.datasets.framing import Digit, prepare_digits
    from gpunet.datasets.images import LARGEST_FILE, open_image, prepare_image

    image = sys.stdin.buffer.read(LARGEST_FILE + 1) if name == STANDARD_INPUT else Path(name)
    if framing is not None:
        return prepare_digits(image, framing, shape)
    opened = open_image(image)
    return [Digit(prepare_image(opened, shape), (0, 0, *opened.size))]


def _answer(model: Model, read: list[tuple[str, list[Digit]]]) -> list[Answer]:
    """The answers to all digits of all images."""
    import numpy as np

    from gpunet.workflows.answers import probabilities_of

    if not read:
        return []
    features = np.stack([digit.pixels for _, digits in read for digit in digits])
    probabilities = probabilities_of(model, features)  # (digits of all images, C)
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
