"""``gpunet predict`` with a table: a model's answer to each of its rows, as CSV or JSON."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.dataset import Samples
from gpunet.datasets.readers.table import TABLE_NAMES, Rows, is_table_name, read_rows
from gpunet.errors import ModelError, UsageError
from gpunet.model import Model
from gpunet.terminal.live.notes import one_line
from gpunet.workflows.answers import probabilities_of

__all__ = ["answer_rows", "table_among"]

STANDARD_INPUT = "-"


def table_among(names: Sequence[str], model: Model, path: Path) -> str | None:
    """The table that is to be answered, or ``None`` if the names are those of images.

    Args:
        names: as the user gave them.
        model: that is to answer.
        path: of the model.

    Raises:
        UsageError: a table is not alone.
        ModelError: the model's samples are rows, and a name is that of an image.
    """
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


def answer_rows(model: Model, name: str, *, as_json: bool) -> None:
    """Print the class of every row of a table, and its probability; as JSON, all probabilities.

    Raises:
        DataError: the table cannot be read, or lacks a column.
    """
    source = sys.stdin.buffer if name == STANDARD_INPUT else Path(name).expanduser()
    rows = read_rows(source, model.table_columns, model.network.inputs)
    answers = _answers(model, rows)
    if as_json:
        _print_json(model, answers)
    else:
        _print_csv(model, rows.index or "row", answers)


def _answers(model: Model, rows: Rows) -> Iterator[tuple[str | int, NDArray[np.float32]]]:
    """What each row is called, and the probabilities (C,) of its classes."""
    unlabeled = np.zeros(len(rows.features), np.int32)
    samples = model.prepare(Samples(rows.features, unlabeled))
    return zip(rows.names, probabilities_of(model, samples), strict=True)


def _print_csv(
    model: Model, title: str, answers: Iterator[tuple[str | int, NDArray[np.float32]]]
) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([one_line(title), "prediction", "probability"])
    for name, probabilities in answers:
        top = int(probabilities.argmax())
        called = name if isinstance(name, int) else one_line(name)
        writer.writerow([called, one_line(model.classes[top]), f"{probabilities[top]:.6f}"])


def _print_json(model: Model, answers: Iterator[tuple[str | int, NDArray[np.float32]]]) -> None:
    content = [
        {
            "row": name,
            "prediction": model.classes[int(probabilities.argmax())],
            "probabilities": dict(zip(model.classes, probabilities.tolist(), strict=True)),
        }
        for name, probabilities in answers
    ]
    print(json.dumps(content, indent=2))
