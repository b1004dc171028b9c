"""Reads the columns to predict, which hold classes or numbers, and the column of weights."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config.choices import Kind
from gpunet.datasets.readers.features import is_number
from gpunet.datasets.readers.files import shown
from gpunet.datasets.readers.labels import FEW, SAMPLES_PER_CLASS, TEXT, RawLabels, distinct
from gpunet.datasets.readers.targets import Targets, are_measured, raw_targets, without_targets
from gpunet.datasets.tables.cells import holds_number, is_missing, meaning
from gpunet.datasets.tables.columns import is_date
from gpunet.datasets.tables.sheet import Head, Table, refuse_unbounded
from gpunet.datasets.tables.titles import is_class_title, is_index_title, is_measured_title
from gpunet.errors import DataError, spelled

__all__ = ["different_numbers", "is_gap", "kind_of", "target_rows", "target_titles", "weights_in"]

DRESSED = re.compile(
    r"[-+]?[$€£¥]?\s?(?:\d{1,3}(?:[,' ]\d{3})+|\d+)(?:[.,]\d+)?\s?[$€£¥%]?", re.ASCII
)
"""A number with symbols or separators: ``$1,250``, ``7.5 %``."""

FLAG_WORDS = {"yes": "1", "y": "1", "no": "0", "n": "0"}
"""Words for 1 and 0 in a column of labels, besides True and False."""


def target_titles(head: Head, columns: Sequence[int]) -> tuple[str, ...]:
    """The names of the columns (T,) to predict."""
    titles = head.titles or ("",) * head.columns
    return tuple(titles[column] or f"column {column + 1}" for column in columns)


def target_rows(
    table: Table, columns: Sequence[int], kind: Kind
) -> tuple[Targets, NDArray[np.bool_], str | None]:
    """Read the labels or targets of the rows.

    Args:
        table: the table.
        columns: (T,) columns to predict; a single one for classes.
        kind: kind of the columns.

    Returns:
        The labels (m,) or targets (m, T) of the rows that have them; which rows (n,) those are; and
        a notice if some rows have none.

    Raises:
        DataError: a cell is not a number although one is needed, or no row has a label.
    """
    whole: Targets
    if kind == "classes":
        whole, kept = _classes(table, columns[0])
    else:
        numbers = np.stack([_numbers(table, column, kind) for column in columns], axis=1)
        kept = np.logical_not(np.isnan(numbers).any(axis=1))
        titles = target_titles(table.head, columns)
        whole = raw_targets(table.head.name, numbers[kept], titles, kind)
    if not kept.any():
        what = "label" if kind != "measured" else "target"
        columns_named = " and ".join(map(table.head.column, columns))
        raise DataError(
            f"{columns_named} of {table.head.name} holds no {what}; fill it in, or name another "
            f"with {spelled('label')}"
        )
    if kept.all():
        return whole, kept, None
    notice = without_targets(len(kept) - int(kept.sum()), kind)
    return (whole.where(kept) if kind == "classes" else whole), kept, notice


def _classes(table: Table, column: int) -> tuple[RawLabels, NDArray[np.bool_]]:
    """The labels (n,) in a column, and which rows (n,) have one."""
    levels = table.head.levels.get(column, ())
    labels = RawLabels(table.head.name, table.text(column), table.rows, table.head.unit, levels)
    different, _, numbered = labels.parted
    numeric = all(is_number(str(value)) for value in different if not is_gap(value))
    missing = [is_gap(value) or is_missing(str(value), number=numeric) for value in different]
    return labels, ~np.array(missing, np.bool_)[numbered]


def weights_in(table: Table, column: int) -> NDArray[np.float32]:
    """Read the weight of each row (n,) from a column.

    Raises:
        DataError: a weight is missing, negative or not a number.
    """
    weights = _numbers(table, column, "weight")
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero(~(weights >= 0))
    if len(wrong):
        row = int(wrong[0])
        seen = "missing" if np.isnan(weights[row]) else f"{weights[row]:g}"
        raise DataError(
            f"{table.head.cell(int(table.rows[row]), column)} is {seen}, wanted a weight of at "
            "least 0; fix it"
        )
    return weights.astype(np.float32)


def different_numbers(
    table: Table, column: int
) -> tuple[NDArray[np.floating[Any]], NDArray[np.integer]] | None:
    """The unique numbers (k,) in a column, ascending, and the count (k,) of each.

    ``None`` if the column is empty or holds anything but numbers.
    """
    if column in table.picked.numbers:
        values: NDArray[Any] = table.numbers(column)
    else:
        values = table.text(column)
    if values.dtype.kind == "T":
        different, _, numbered = distinct(values)
        if not all(map(holds_number, different)):
            return None
        numbers = [float(meaning(value).replace(",", ".")) for value in different]
        values = np.array(numbers)[numbered]
    present = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    return np.unique(present, return_counts=True) if len(present) else None


def kind_of(table: Table, columns: Sequence[int]) -> Kind:
    """Guess the kind of columns that the user or a title names, from their values."""
    if len(columns) > 1:
        return "labels" if all(_are_flags(table, column) for column in columns) else "measured"
    title = table.head.titles[columns[0]] if table.head.titles else ""
    known = different_numbers(table, columns[0])
    if is_class_title(title):
        return "classes"
    if known is None:
        return "measured" if _are_dressed(table, columns[0]) else "classes"
    different, counts = known
    never_recur = len(different) == counts.sum() > 1 and not is_index_title(title or "label")
    if is_measured_title(title) and len(different) > FEW:
        return "measured"
    return "measured" if never_recur or are_measured(different, counts) else "classes"


def _are_dressed(table: Table, column: int) -> bool:
    """Whether a column holds numbers with symbols or separators that hardly recur.

    They are refused; a message about the first one helps more than one about missing classes.
    """
    different = distinct(table.text(column))[0]
    present = [text for text in different if not is_missing(text, number=True)]
    if len(present) <= FEW or SAMPLES_PER_CLASS * len(present) <= len(table):
        return False
    return all(DRESSED.fullmatch(text.strip()) for text in present)


def _are_flags(table: Table, column: int) -> bool:
    """Whether a column holds only 0 and 1, or words that mean them."""
    if column not in table.picked.numbers and (texts := table.text(column)).dtype.kind == "T":
        different = (_as_flag(text) for text in distinct(texts)[0])
        return all(is_missing(text, number=True) or text in "01" for text in different)
    known = different_numbers(table, column)
    return known is not None and set(known[0].tolist()) <= {0, 1}


def _as_flag(text: str) -> str:
    """A cell of a column of labels as 0 or 1, if it means one of these."""
    plain = meaning(text).strip().casefold()
    if plain in FLAG_WORDS:
        return FLAG_WORDS[plain]
    return f"{float(plain):g}" if is_number(plain) else text


def is_gap(value: Any) -> bool:
    """Whether a label is missing."""
    return bool(value == "" or value != value)


def _numbers(table: Table, column: int, what: Kind | str) -> NDArray[np.float64]:
    """The numbers (n,) in a column, NaN if missing.

    Raises:
        DataError: a cell holds something else, or a number too large for float32.
    """
    if column in table.picked.numbers:
        return table.numbers(column)
    texts, rows, head = table.text(column), table.rows, table.head
    if texts.dtype.kind != "T":
        numbers = texts.astype(np.float64)
    else:
        different, firsts, numbered = distinct(texts)
        if what == "labels":
            different = [_as_flag(text) for text in different]
        for text, first in zip(different, firsts, strict=True):
            if not holds_number(text):
                raise _no_number(head.cell(int(rows[first]), column), text, what)
        known = table.decimal.numbers(np.array(different, TEXT), rows[firsts], column)
        numbers = known[numbered]
    refuse_unbounded(
        head, numbers[:, None], lambda row, _: (int(rows[row]), column, str(texts[row]))
    )
    return numbers


def _no_number(cell: str, text: str, what: Kind | str) -> DataError:
    """The error for a word or a date where a number is needed."""
    another = f"name another with {spelled('label')}"
    if what == "labels":
        return DataError(f"{cell} is {shown(text)}, wanted 0 or 1 for a label; {another}")
    if what == "weight":
        return DataError(f"{cell} is {shown(text)}, wanted a number for a weight; fix it")
    if is_date(text):
        return DataError(
            f"{cell} is {shown(text)}, a date or time, wanted a number for a measured target; "
            f"write it as one, such as days since the first, or {another}"
        )
    if DRESSED.fullmatch(text.strip()):
        return DataError(
            f"{cell} is {shown(text)}, wanted a plain number for a measured target; write all "
            "without signs and thousands separators"
        )
    return DataError(
        f"{cell} is {shown(text)}, wanted a number for a measured target; fix it, {another}, or "
        f"give {spelled('loss', 'cross-entropy')} for classes"
    )
