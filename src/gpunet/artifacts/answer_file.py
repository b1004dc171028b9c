"""A model's answers as text: CSV, JSON, JSON lines, or what Kaggle takes as a submission."""

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

from gpunet.config import AnswerFormat
from gpunet.files.output import write_file
from gpunet.model import Model

__all__ = ["Answers", "answer_texts", "format_of", "write_answers"]

ENDS: dict[str, AnswerFormat] = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl"}
"""Formats by the end of a file's name, before ``.gz``; all others are CSV."""

SPECIAL = re.compile('[",\r\n]')
UNTITLED = ("row", "image")
"""What names of samples are called where no column holds them."""


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """A block of a model's answers.

    Args:
        title: what the names are: ``row``, ``image``, or the title of a column.
        names: of the samples.
        boxes: where in its image each sample lies (left, top, right, bottom), or ``None``.
        features: (n, I) of the samples, not yet prepared.
        probabilities: (n, C) of every class.
    """

    title: str
    names: Sequence[int | str]
    boxes: Sequence[tuple[int, int, int, int]] | None
    features: NDArray[Any]
    probabilities: NDArray[np.float32]


def format_of(path: Path) -> AnswerFormat:
    """The format that a file's name asks for."""
    name = path.name.lower().removesuffix(".gz")
    return next((kind for end, kind in ENDS.items() if name.endswith(end)), "csv")


def answer_texts(
    model: Model,
    answers: Iterable[Answers],
    kind: AnswerFormat,
    shown: Callable[[str], str] = str,
) -> Iterator[str]:
    """The text of a file of answers, piece by piece.

    - ``csv``: a line of titles, then one per sample: its name, ``prediction`` and the probability
      of every class, in the order of the model's classes and titled by their names.
    - ``json``: a list of objects: ``row`` or ``image``, for images ``box``, ``prediction`` and
      ``probabilities`` by class.
    - ``jsonl``: these objects, one a line.
    - ``submission``: ``id`` and the label, titled as in the table that the model was trained on.

    Args:
        model: that gave the answers.
        answers: in blocks.
        kind: of text.
        shown: what is written in place of a name in CSV, so that a terminal can show it.
    """
    if kind in ("json", "jsonl"):
        return _objects(model, answers, listed=kind == "json")
    return _lines(model, answers, shown, whole=kind == "csv")


def write_answers(path: Path, model: Model, answers: Iterable[Answers], kind: AnswerFormat) -> None:
    """Write a file of answers, packed with gzip if its name ends in .gz, as a whole or not at all.

    Raises:
        OutputError: it cannot be written.
        GpunetError: what ``answers`` raises.
    """
    texts = answer_texts(model, answers, kind)

    def write(file: BinaryIO) -> None:
        with _packed(file) if path.suffix.lower() == ".gz" else nullcontext(file) as packed:
            for text in texts:
                packed.write(text.encode("utf-8", "surrogateescape"))

    write_file(path, write)


def _packed(file: BinaryIO) -> BinaryIO:
    """The file, to be written through gzip; the same content gives the same bytes."""
    return cast(BinaryIO, gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0))


def _lines(
    model: Model, answers: Iterable[Answers], shown: Callable[[str], str], *, whole: bool
) -> Iterator[str]:
    """Lines of CSV, block by block."""
    classes = [_cell(shown(name)) for name in model.classes]
    shares_of = ",%.7g" * len(classes) if whole else ""  # in the digits that float32 holds
    line = f"%s,%s{shares_of}\n"
    head = True
    for block in answers:
        if head:
            yield _head(model, block.title, classes if whole else None, shown)
            head = False
        names = [name if isinstance(name, int) else _cell(shown(name)) for name in block.names]
        chosen = [classes[top] for top in block.probabilities.argmax(axis=1).tolist()]
        shares = block.probabilities.tolist() if whole else [()] * len(names)
        rows = zip(names, chosen, shares, strict=True)
        yield "".join([line % (name, top, *row) for name, top, row in rows])


def _head(
    model: Model, title: str, classes: Sequence[str] | None, shown: Callable[[str], str]
) -> str:
    """The line of titles, with those of the classes or, of a submission, of the label."""
    if classes is not None:
        return ",".join([_cell(shown(title)), "prediction", *classes]) + "\n"
    label = None if model.columns is None else model.columns.label
    called = "id" if title in UNTITLED else title
    return f"{_cell(shown(called))},{_cell(shown(label or 'label'))}\n"


def _cell(text: str) -> str:
    """A text as a cell of CSV, in quotes if it holds what parts cells or lines.

    Python's ``csv`` would write the same in twice the time that whole lines take.
    """
    return '"' + text.replace('"', '""') + '"' if SPECIAL.search(text) else text


def _objects(model: Model, answers: Iterable[Answers], *, listed: bool) -> Iterator[str]:
    """Objects of JSON, one a line, block by block; in a list or one after the other."""
    before = "[\n"
    for block in answers:
        lines = map(json.dumps, _contents(model, block))
        if listed:
            yield before + ",\n".join(lines)
            before = ",\n"
        else:
            yield "".join(f"{line}\n" for line in lines)
    if listed:
        yield "[]\n" if before == "[\n" else "\n]\n"


def _contents(model: Model, block: Answers) -> Iterator[dict[str, object]]:
    """What JSON holds of every answer."""
    key = "row" if block.boxes is None else "image"
    tops = block.probabilities.argmax(axis=1).tolist()
    rows = block.probabilities.tolist()
    for at, (name, top, shares) in enumerate(zip(block.names, tops, rows, strict=True)):
        box = {} if block.boxes is None else {"box": block.boxes[at]}
        yield {
            key: name,
            **box,
            "prediction": model.classes[top],
            "probabilities": dict(zip(model.classes, shares, strict=True)),
        }
