"""Guesses the column to predict if neither the user nor a title tells it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from gpunet.config.choices import Kind
from gpunet.datasets.readers.features import is_number, is_numeric
from gpunet.datasets.readers.labels import FEW, FEW_CLASSES, SAMPLES_PER_CLASS, distinct
from gpunet.datasets.tables.cells import is_missing
from gpunet.datasets.tables.named_columns import titles_listed
from gpunet.datasets.tables.sheet import Head, Table
from gpunet.datasets.tables.target_columns import different_numbers, is_gap, kind_of
from gpunet.datasets.tables.titles import (
    is_index_title,
    is_measured_title,
    may_be_label_title,
    may_be_measured_title,
)
from gpunet.errors import DataError, spelled

__all__ = ["can_be_classes", "guessed", "holds_words", "perhaps"]

ROWS_PER_CLASS, ROWS_PER_MANY = 2, 10
"""Rows per class, on average, that a guess needs: with up to ``FEW`` classes, and with more."""


def perhaps(head: Head) -> list[int]:
    """The columns whose titles suggest a label or a measured target."""
    return [*_sole(head, may_be_label_title), *_sole(head, is_measured_title)]


def _sole(head: Head, fits: Callable[[str], bool]) -> list[int]:
    """The column with a fitting title, if there is only one."""
    found = [at for at, title in enumerate(head.titles or ()) if fits(title)]
    return found if len(found) == 1 else []


def guessed(
    table: Table, columns: Sequence[int], kind: Kind | None
) -> tuple[tuple[int, ...], Kind, str]:
    """Guess the column to predict if neither the user nor a title tells it.

    Args:
        table: the table.
        columns: the columns that are neither left out nor number the rows.
        kind: kind of target that the loss requires, if any.

    Returns:
        The column, its kind, and the beginning of a notice if it is not obvious.
    """
    head, first, last = table.head, columns[0], columns[-1]
    if kind == "labels":
        raise DataError(
            f"{head.name} does not tell which columns are labels of 0 or 1; name them with "
            f"{spelled('label')}{titles_listed(head)}"
        )
    words = None if kind == "measured" else _sole_words(table, columns)
    if words is not None:
        return (words,), kind or kind_of(table, (words,)), ""
    if kind != "classes" and (titled := _titled_measured(table, columns)) is not None:
        return (titled,), "measured", ""
    if kind != "measured" and (column := _recurring(table, columns)) is not None:
        return (column,), "classes", ""
    if kind != "classes" and (column := _last_numbers(table, columns)) is not None:
        why = "" if kind else "no title and no values that recur tell the label, so "
        return (column,), "measured", f"{why}the last column of numbers is taken: "
    neither = f"neither {head.column(first)} nor {head.column(last)} holds"
    if first == last:
        neither = f"{head.column(last)} does not hold"
    what = "numbers to be measured" if kind == "measured" else "two or more classes that recur"
    raise DataError(
        f"{head.name} does not tell which column is the label: no title does, and {neither} "
        f"{what}; name it with {spelled('label')}{titles_listed(head)}"
    )


def _titled_measured(table: Table, columns: Sequence[int]) -> int | None:
    """The column of measured values with a fitting title, if there is one."""
    titles, perhaps = table.head.titles or (), _sole(table.head, may_be_label_title)
    likely = [
        *_sole(table.head, is_measured_title),
        *(column for column in perhaps if may_be_measured_title(titles[column])),
    ]
    measured = (at for at in likely if at in columns and kind_of(table, [at]) == "measured")
    return next(measured, None)


def _last_numbers(table: Table, columns: Sequence[int]) -> int | None:
    """The last column of numbers that are not all equal and do not name the rows."""
    titles = table.head.titles
    for column in reversed(columns):
        if titles and is_index_title(titles[column]):
            continue
        known = different_numbers(table, column)
        if known is not None and len(known[0]) > 1:
            return column
    return None


def _sole_words(table: Table, columns: Sequence[int]) -> int | None:
    """The first or last column, if it is the only one with words and these can be classes."""
    wordy = _wordy(table, columns)
    if len(wordy) == 1 and wordy <= set(_ends(table, columns)):
        (column,) = wordy
        return column if _can_be_words(table.text(column)) else None
    return None


def _recurring(table: Table, columns: Sequence[int]) -> int | None:
    """The likeliest label column whose values recur as those of classes do, or ``None``."""
    wordy, ends = _wordy(table, columns), _ends(table, columns)
    texts = set(table.picked.texts) & set(columns)
    perhaps = [column for column in _sole(table.head, may_be_label_title) if column in texts]
    if len(wordy) > 1:
        found = [column for column in reversed(ends) if column in wordy]
        ends = [*found, *(column for column in ends if column not in wordy)]
    return next((at for at in (*perhaps, *ends) if can_be_classes(table.text(at))), None)


def _wordy(table: Table, columns: Sequence[int]) -> set[int]:
    """The columns of words."""
    texts = set(table.picked.texts) & set(columns)
    return {column for column in texts if holds_words(table.text(column))}


def _ends(table: Table, columns: Sequence[int]) -> list[int]:
    """The first and the last column, or only the last if the first names the rows."""
    first, last = columns[0], columns[-1]
    title = table.head.titles[first] if table.head.titles else ""
    return [last] if title and first < last and is_index_title(title) else [first, last]


def _can_be_words(values: NDArray[Any]) -> bool:
    """Whether a column's words are few enough to be classes."""
    different = sum(not is_gap(value) for value in distinct(values)[0])
    return 1 < different < len(values) and different <= max(
        FEW_CLASSES, len(values) // SAMPLES_PER_CLASS
    )


def holds_words(values: NDArray[Any]) -> bool:
    """Whether most unique values are words, so that the column is not numeric."""
    if values.dtype.kind != "T":
        return False
    different = distinct(values)[0]
    words = sum(
        not is_missing(value, number=False) and not is_numeric(value) for value in different
    )
    return words > len(different) / 2


def can_be_classes(values: NDArray[Any]) -> bool:
    """Whether values recur and none is a fraction."""
    different = [value for value in distinct(values)[0] if not is_gap(value)]
    each = ROWS_PER_CLASS if len(different) <= FEW else ROWS_PER_MANY
    if len(different) < 2 or len(different) * each > len(values):
        return False
    return values.dtype.kind in "biu" or not any(_is_fraction(str(value)) for value in different)


def _is_fraction(value: str) -> bool:
    if not is_number(value):
        return is_numeric(value)
    number = float(value)
    return math.isfinite(number) and not number.is_integer()
