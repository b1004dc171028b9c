"""A model's predictions as text: CSV, JSON, JSON lines, or a submission to Kaggle."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from gpunet.artifacts.report import finite
from gpunet.config import AnswerFormat
from gpunet.files.output import write_file
from gpunet.model import Model

__all__ = ["Answers", "answer_texts", "format_of", "write_answers"]

ENDS: dict[str, AnswerFormat] = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl"}
"""The format for each ending of a file's name, before ``.gz``; all others are CSV."""

SPECIAL = re.compile('[",\r\n]')
UNTITLED = ("row", "image")
"""Titles of the samples' names if no column holds them."""


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """A block of a model's predictions.

    Args:
        title: the title of the names: ``row``, ``image``, or the title of a column.
        names: the samples' names.
        boxes: the position of each sample in its image (left, top, right, bottom), or ``None``.
        features: (n, I) the samples' features, not yet prepared.
        values: (n, C) or (n, T) float32, the probability of every class or label; or (n, T)
            float64, the measured targets in their own units.
    """

    title: str
    names: Sequence[int | str]
    boxes: Sequence[tuple[int, int, int, int]] | None
    features: NDArray[Any]
    values: NDArray[np.float32] | NDArray[np.float64]


def format_of(path: Path) -> AnswerFormat:
    """The format for a file's name."""
    name = path.name.lower().removesuffix(".gz")
    return next((kind for end, kind in ENDS.items() if name.endswith(end)), "csv")


def answer_texts(
    model: Model,
    answers: Iterable[Answers],
    kind: AnswerFormat,
    shown: Callable[[str], str] = str,
) -> Iterator[str]:
    """The text of a file of predictions, piece by piece.

    - ``csv``: a line of titles, then one line per sample: its name, ``prediction`` and the
      probability of every class, titled by the classes' names in the model's order. For labels it
      has each label, 0 or 1, then the probability of each; for measured targets the value of each.
    - ``json``: a list of objects: ``row`` or ``image``, for images ``box``, ``prediction`` and
      ``probabilities`` by class. For labels ``prediction`` lists those that are present; for a
      measured target it is a number, for several an object.
    - ``jsonl``: these objects, one per line.
    - ``submission``: ``id`` and the label or the targets, titled as in the model's training table.

    Args:
        model: the model that predicted.
        answers: the predictions, in blocks.
        kind: the format.
        shown: converts names in CSV so that a terminal can show them.
    """
    if kind in ("json", "jsonl"):
        return _objects(model, answers, listed=kind == "json")
    return _lines(model, answers, shown, whole=kind == "csv")


def write_answers(path: Path, model: Model, answers: Iterable[Answers], kind: AnswerFormat) -> None:
    """Write a file of predictions as a whole or not at all, with gzip if its name ends in .gz.

    Raises:
        OutputError: the file cannot be written.
        GpunetError: any error that ``answers`` raises.
    """
    texts = answer_texts(model, answers, kind)

    def write(file: BinaryIO) -> None:
        with _packed(file) if path.suffix.lower() == ".gz" else nullcontext(file) as packed:
            for text in texts:
                packed.write(text.encode("utf-8", "surrogateescape"))

    write_file(path, write)


def _packed(file: BinaryIO) -> BinaryIO:
    """A writer that compresses into the file; the same content gives the same bytes."""
    return cast(BinaryIO, gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0))


def _lines(
    model: Model, answers: Iterable[Answers], shown: Callable[[str], str], *, whole: bool
) -> Iterator[str]:
    """Lines of CSV, block by block."""
    classes = [_cell(shown(name)) for name in model.classes]
    titles, line = _columns(model, shown, whole)
    head = True
    for block in answers:
        if head:
            called = "id" if not whole and block.title in UNTITLED else block.title
            yield ",".join([_cell(shown(called)), *titles]) + "\n"
            head = False
        names = [name if isinstance(name, int) else _cell(shown(name)) for name in block.names]
        rows = zip(names, *_cells(model, block, classes, whole), strict=True)
        yield "".join([line % (name, *first, *row) for name, first, row in rows])


def _columns(model: Model, shown: Callable[[str], str], whole: bool) -> tuple[list[str], str]:
    """The titles after that of the names, and the format of a line."""
    kind, targets = model.network.kind, [_cell(shown(name)) for name in model.targets]
    if kind == "measured":  # which hold the digits of a float32 in any unit
        return targets, "%s" + ",%.9g" * len(targets) + "\n"
    if kind == "labels":
        shares = [_cell(shown(f"{name} probability")) for name in model.targets] if whole else []
        return [*targets, *shares], "%s" + ",%d" * len(targets) + ",%.7g" * len(shares) + "\n"
    classes = [_cell(shown(name)) for name in model.classes] if whole else []
    label = None if model.columns is None else model.columns.label
    first = "prediction" if whole else _cell(shown(label or "label"))
    return [first, *classes], "%s,%s" + ",%.7g" * len(classes) + "\n"  # float32's digits


def _cells(
    model: Model, block: Answers, classes: Sequence[str], whole: bool
) -> tuple[Sequence[Sequence[object]], Sequence[Sequence[float]]]:
    """The prediction for each sample of a block, with the probabilities if they are wanted."""
    values: Sequence[Sequence[float]] = block.values.tolist()
    none: Sequence[Sequence[float]] = [()] * len(values)
    match model.network.kind:
        case "measured":
            return none, values
        case "labels":
            return (block.values > 0.5).tolist(), values if whole else none
    chosen = [(classes[top],) for top in block.values.argmax(axis=1).tolist()]
    return chosen, values if whole else none


def _cell(text: str) -> str:
    """A text as a cell of CSV, in quotes if it contains a separator of cells or lines.

    Python's ``csv`` would write the same in twice the time.
    """
    return '"' + text.replace('"', '""') + '"' if SPECIAL.search(text) else text


def _objects(model: Model, answers: Iterable[Answers], *, listed: bool) -> Iterator[str]:
    """JSON objects, one per line, block by block; in a list or one after the other."""
    before = "[\n"
    for block in answers:
        contents: Iterable[dict[str, object]] = _contents(model, block)
        if not np.isfinite(block.values).all():  # as exp gives far from what was trained on
            contents = map(finite, contents)
        lines = map(json.dumps, contents)
        if listed:
            yield before + ",\n".join(lines)
            before = ",\n"
        else:
            yield "".join(f"{line}\n" for line in lines)
    if listed:
        yield "[]\n" if before == "[\n" else "\n]\n"


def _contents(model: Model, block: Answers) -> Iterator[dict[str, object]]:
    """The JSON object of every prediction."""
    key = "row" if block.boxes is None else "image"
    for at, (name, content) in enumerate(zip(block.names, _predictions(model, block), strict=True)):
        box = {} if block.boxes is None else {"box": block.boxes[at]}
        yield {key: name, **box, **content}


def _predictions(model: Model, block: Answers) -> Iterator[dict[str, object]]:
    """The JSON entries of every prediction besides the sample's name."""
    rows, targets = block.values.tolist(), model.targets
    if model.network.kind == "measured":
        for row in rows:
            several = len(targets) > 1
            yield {"prediction": dict(zip(targets, row, strict=True)) if several else row[0]}
        return
    if model.network.kind == "labels":
        names = targets
        predictions: Sequence[object] = [_labels(names, row) for row in rows]
    else:
        names = model.classes
        predictions = [names[top] for top in block.values.argmax(axis=1).tolist()]
    for prediction, row in zip(predictions, rows, strict=True):
        yield {"prediction": prediction, "probabilities": dict(zip(names, row, strict=True))}


def _labels(names: Sequence[str], shares: Sequence[float]) -> list[str]:
    """The labels that are more probable than not."""
    return [name for name, share in zip(names, shares, strict=True) if share > 0.5]
