"""Reads the format of LIBSVM and SVMlight: a label, and the nonzero values with their indices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.readers.features import is_number
from gpunet.datasets.readers.files import DEFLATE_RATIO, shown
from gpunet.datasets.readers.labels import TEXT
from gpunet.datasets.readers.packed import unpacked
from gpunet.datasets.spool import require_memory
from gpunet.datasets.tables.cells import Decimal
from gpunet.datasets.tables.first_lines import MOST_COLUMNS
from gpunet.datasets.tables.sheet import Block, Head, Pick, Picked, Sheet, Word, refuse_unbounded
from gpunet.datasets.tables.text_rows import text_blocks
from gpunet.errors import DataError

__all__ = ["open_libsvm"]

LABEL = 0
"""Index of the label's column."""

FREE = 1 << 24
"""Bytes of numbers that any file may expand to; above, ``DEFLATE_RATIO`` times its size."""

BYTES_AT_ONCE = 32 << 20  # bytes of numbers in a block

Line = tuple[int, str]
"""A line's number in the file, from 1, and its text without a comment."""


@contextmanager
def open_libsvm(path: Path, pick: Pick) -> Iterator[Sheet]:
    """Open a file's table: the label, then as many columns as the highest index of a value.

    The file is read once to find that index and whether indices start at 0 or 1, and again, lazily,
    for its rows.

    Args:
        path: path of the text, packed or not.
        pick: chooses the columns to read once the columns are known.

    Raises:
        DataError: the file is unreadable, a line has another format, or the values would not fit
            into memory; also while rows are read.
    """
    name = str(path)
    rows, lowest, highest = _extent(path)
    first = min(lowest, 1)
    head = Head(name, highest - first + 2, None, is_open=True)
    size = 8 * rows * head.columns
    require_memory(f"{name}, with all zeros,", size)
    if size > max(FREE, DEFLATE_RATIO * path.stat().st_size):
        raise DataError(
            f"{name} holds a value at place {highest:,} and next to nothing before it; number the "
            "places of those values that there are from 1 on"
        )
    picked = pick(head)
    with unpacked(path) as (file, _):
        lines = _lines(text_blocks(file, name))
        yield Sheet(head, picked, _blocks(lines, head, picked, first), Decimal(head))


def _extent(path: Path) -> tuple[int, int, int]:
    """The number of rows, and the lowest and highest index of a value.

    Raises:
        DataError: there are no rows, or a line has another format.
    """
    rows, lowest, highest = 0, 1, 0
    with unpacked(path) as (file, _):
        for number, line in _lines(text_blocks(file, str(path))):
            rows += 1
            for pair in line.split()[1:]:
                place = _place(pair, number, path)
                lowest, highest = min(lowest, place), max(highest, place)
    if not highest:
        raise DataError(f"{path} holds no rows of data; wanted a label and place:value pairs each")
    return rows, lowest, highest


def _place(pair: str, number: int, path: Path | str) -> int:
    """The index of a value, such as 3 in ``3:0.5``."""
    place, colon, value = pair.partition(":")
    if not (colon and place.isascii() and place.isdigit() and len(place) < 20 and is_number(value)):
        raise DataError(
            f"line {number:,} of {path} holds {shown(pair)}, wanted a place and a number as in "
            "3:0.5; fix it"
        )
    if int(place) > MOST_COLUMNS:
        raise DataError(
            f"line {number:,} of {path} holds a value at place {int(place):,}, at most "
            f"{MOST_COLUMNS:,} are possible; number the places from 1 on"
        )
    return int(place)


def _lines(texts: Iterator[str]) -> Iterator[Line]:
    """The non-empty lines, without comments."""
    number = 0
    for text in texts:
        for line in text.removesuffix("\n").split("\n"):
            number += 1
            line = line.partition("#")[0].strip()
            if line:
                yield number, line


def _blocks(lines: Iterator[Line], head: Head, picked: Picked, first: int) -> Iterator[Block]:
    """The rows in blocks."""
    size = max(1, BYTES_AT_ONCE // (8 * head.columns))
    taken: list[Line] = []
    for line in lines:
        taken.append(line)
        if len(taken) == size:
            yield _block(taken, head, picked, first)
            taken = []
    if taken:
        yield _block(taken, head, picked, first)


def _block(lines: Sequence[Line], head: Head, picked: Picked, first: int) -> Block:
    rows = np.array([number for number, _ in lines], np.int64)
    width = max(head.columns, 1 + max((*picked.numbers, *picked.texts)))  # in a model's table
    values = np.zeros((len(lines), width))
    words: dict[int, Word] = {}
    labels: list[str] = []
    for row, (number, line) in enumerate(lines):
        label, *pairs = line.split()
        labels.append(label)
        if is_number(label):
            values[row, LABEL] = float(label)
        elif LABEL in picked.numbers:
            words.setdefault(LABEL, Word(number, label))
        for pair in pairs:
            place, _, value = pair.partition(":")
            values[row, int(place) - first + 1] = float(value)
    if words:
        values[:, LABEL] = np.nan
    wanted = (*picked.numbers, *picked.texts)

    def cell_at(row: int, place: int) -> tuple[int, int, str]:
        return int(rows[row]), wanted[place], str(values[row, wanted[place]])

    refuse_unbounded(head, values[:, list(wanted)], cell_at)
    texts: dict[int, NDArray[Any]] = {column: values[:, column] for column in picked.texts}
    if LABEL in texts:
        texts[LABEL] = np.array(labels, TEXT)
    return Block(rows, values[:, list(picked.numbers)], texts, words)
