"""Which column of a table is the label, and whether the first one only numbers the rows.

The choice is by the user's word, by the titles, by the values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.readers.features import is_number, is_numeric
from gpunet.datasets.readers.files import shown
from gpunet.datasets.readers.labels import RawLabels, distinct
from gpunet.datasets.tables.cells import is_missing
from gpunet.datasets.tables.options import TableOptions
from gpunet.datasets.tables.sheet import Head, Picked, Table
from gpunet.datasets.tables.titles import is_index_title, is_label_title, may_be_label_title
from gpunet.errors import DataError, SettingError, spelled

__all__ = [
    "Roles",
    "choose_roles",
    "labeled_rows",
    "named_column",
    "named_label",
    "pick_for_training",
]

LAST = "last"
"""The name that stands for the last column."""

LISTED = 12  # titles that a message lists
FEW_CLASSES, ROWS_PER_CLASS, ROWS_PER_MANY = 10, 2, 10
"""Up to so many classes are guessed where each has two rows on average; of more, each needs ten."""

FEWEST_INDICES = 3  # rows below which 0, 1, 2 may be classes


@dataclass(frozen=True, slots=True)
class Roles:
    """What the columns of a table are for."""

    label: int  # the label's column, counted from 0
    index: bool  # whether the first column numbers or names the rows and is left out
    features: tuple[int, ...]  # the columns that may become features
    notice: str | None  # what the user should know about the choice, or ``None``


def pick_for_training(head: Head, options: TableOptions) -> Picked:
    """The columns to read before the label is chosen: those that it may be stay text.

    Args:
        head: of the table.
        options: what the user says.

    Raises:
        UsageError: the user names no column, or the label as one to leave out.
        DataError: there is but one column.
    """
    columns = _kept(head, options)
    if len(columns) < 2:
        raise DataError(
            f"{head.name} has one column, wanted a label and features in others"
            if head.columns < 2 and head.unit == "row"
            else f"{head.name} has one column in its first line, wanted a label and features "
            "separated by commas, semicolons, tabs, bars or blanks; save it again as CSV"
            if head.columns < 2
            else f"{head.name} has {head.columns:,} columns, of which {len(columns)} remain, "
            f"wanted a label and features; name fewer with {spelled('ignore')}"
        )
    named = named_label(head, options.label)
    if named is not None and named not in columns:
        raise DataError(
            f"{head.column(named)} of {head.name} is the label and cannot be left out; name "
            f"another with {spelled('label')}"
        )
    likely = {*columns[:2], columns[-1], *_perhaps(head)} if named is None else {columns[0], named}
    texts = tuple(sorted(likely & set(columns)))
    return Picked(texts, tuple(column for column in columns if column not in likely))


def choose_roles(table: Table, options: TableOptions) -> Roles:
    """The label of a table whose columns were picked by ``pick_for_training``.

    It is the column that the user names; else the one with a label's title; else the first or the
    last one if it alone holds words; else the first one if its values recur, as classes do; else
    the last one, if its do. Where other columns hold words, too, words tell less: a title that a
    label may have goes before them, and the last column before the first. A first column titled
    like one that names the rows is not guessed, though its values recur.

    Raises:
        DataError: no value of that column recurs, or no column is such a one.
    """
    head, columns = table.head, _kept(table.head, options)
    named = named_label(head, options.label)
    index = columns[0] == 0 != named and _is_index(head, table.text(0))
    chosen = named if named is not None else _guessed(table, columns[index:])
    values = [value for value in distinct(table.text(chosen))[0] if not _is_gap(value)]
    if len(values) == len(table) > 1:
        raise DataError(
            f"{head.column(chosen)} of {head.name}, taken for the label, has a different "
            f"value in each of its {len(table):,} rows, wanted classes that recur; name the "
            f"label's column with {spelled('label')}{_listed(head)}"
        )
    notice = _notice(table, columns[index:], chosen, sure=named is not None)
    features = tuple(column for column in columns[index:] if column != chosen)
    return Roles(chosen, index, features, notice)


def labeled_rows(table: Table, label: int) -> tuple[RawLabels, NDArray[np.bool_], str | None]:
    """The labels (m,) in a column, which rows (n,) have one, and a notice if some have none."""
    levels = table.head.levels.get(label, ())
    labels = RawLabels(table.head.name, table.text(label), table.rows, table.head.unit, levels)
    different, _, numbered = labels.parted
    numeric = all(is_number(str(value)) for value in different if not _is_gap(value))
    missing = [_is_gap(value) or is_missing(str(value), number=numeric) for value in different]
    kept = ~np.array(missing, np.bool_)[numbered]  # (n,)
    if kept.all():
        return labels, kept, None
    if not kept.any():
        raise DataError(
            f"{table.head.column(label)} of {table.head.name} holds no label; fill it in, or name "
            f"another with {spelled('label')}"
        )
    count = len(kept) - int(kept.sum())
    notice = f"{count:,} {'rows' if count > 1 else 'row'} without a label left out"
    values, rows = labels.values[kept], np.asarray(labels.rows)[kept]
    return replace(labels, values=values, rows=rows), kept, notice


def _kept(head: Head, options: TableOptions) -> tuple[int, ...]:
    """The columns that the user does not leave out."""
    ignored = {named_column(head, name, "ignore") for name in options.ignore}
    return tuple(column for column in range(head.columns) if column not in ignored)


def named_label(head: Head, label: str | None) -> int | None:
    """The column that is the label by the user's word or its title; ``None`` if neither tells.

    Args:
        head: of the table.
        label: a title, a number that counts columns from 1, or ``last``; ``None`` for none.

    Raises:
        UsageError: it names no column.
    """
    if label is not None:
        return named_column(head, label, "label")
    found = [column for column, title in enumerate(head.titles or ()) if is_label_title(title)]
    return found[0] if len(found) == 1 else None


def named_column(head: Head, name: str, setting: str) -> int:
    """The column that a user names, counted from 0.

    Args:
        head: of the table.
        name: a title, a number that counts columns from 1, or ``last``.
        setting: that holds the name, for the message.

    Raises:
        UsageError: there is no such column.
    """
    titles = head.titles or ()
    if name in titles:
        return titles.index(name)
    folded = [title.casefold() for title in titles]
    if folded.count(name.casefold()) == 1:
        return folded.index(name.casefold())
    if name == LAST:
        return head.columns - 1
    if name.isascii() and name.isdigit() and len(name) < 10 and 1 <= int(name) <= head.columns:
        return int(name) - 1
    raise SettingError(
        setting,
        name,
        f"a column of {head.name}",
        f"give a number from 1 to {head.columns:,}, `last`{_listed(head, ', or a title')}",
        f"{shown(name)} names no column of {head.name}",
    )


def _perhaps(head: Head) -> list[int]:
    """The column whose title a label may have, if there is just one."""
    found = [at for at, title in enumerate(head.titles or ()) if may_be_label_title(title)]
    return found if len(found) == 1 else []


def _guessed(table: Table, columns: Sequence[int]) -> int:
    """The label's column where neither the user nor a title tells it.

    Args:
        table: any.
        columns: those that are neither left out nor number the rows.
    """
    head, first, last = table.head, columns[0], columns[-1]
    title = head.titles[first] if head.titles else ""
    ends = [last] if title and first < last and is_index_title(title) else [first, last]
    perhaps = _perhaps(head)
    texts = set(table.picked.texts) & set(columns)
    wordy = {column for column in texts if _holds_words(table.text(column))}
    if wordy <= set(ends) and len(wordy) == 1:
        return wordy.pop()
    perhaps = [column for column in perhaps if column in texts]
    if len(wordy) > 1:
        found = [column for column in reversed(ends) if column in wordy]
        ends = [*found, *(column for column in ends if column not in wordy)]
    for column in (*perhaps, *ends):
        if _can_be_classes(table.text(column)):
            return column
    neither = f"neither {head.column(first)} nor {head.column(last)} holds"
    if first == last:
        neither = f"{head.column(last)} does not hold"
    raise DataError(
        f"{head.name} does not tell which column is the label: no title does, and {neither} two or "
        f"more classes that recur; name it with {spelled('label')}{_listed(head)}"
    )


def _holds_words(values: NDArray[Any]) -> bool:
    """Whether most of the different values are words, so that they are no feature."""
    if values.dtype.kind != "T":
        return False
    different = distinct(values)[0]
    words = sum(
        not is_missing(value, number=False) and not is_numeric(value) for value in different
    )
    return words > len(different) / 2


def _can_be_classes(values: NDArray[Any]) -> bool:
    """Whether values recur, and none of them is a fraction."""
    different = [value for value in distinct(values)[0] if not _is_gap(value)]
    each = ROWS_PER_CLASS if len(different) <= FEW_CLASSES else ROWS_PER_MANY
    if len(different) < 2 or len(different) * each > len(values):
        return False
    return values.dtype.kind in "biu" or not any(_is_fraction(str(value)) for value in different)


def _is_gap(value: Any) -> bool:
    """Whether a label is not there at all."""
    return bool(value == "" or value != value)


def _is_index(head: Head, values: NDArray[Any]) -> bool:
    """Whether the first column numbers the rows, or names each by another word."""
    title = head.titles[0] if head.titles else None
    if title is not None and not is_index_title(title):
        return False
    different, _, numbered = distinct(values)
    gaps = [_is_gap(value) or is_missing(str(value), number=True) for value in different]
    known = [value for value, gap in zip(different, gaps, strict=True) if not gap]
    present = len(values) - int(np.array(gaps)[numbered].sum())
    if len(known) < present or len(known) < FEWEST_INDICES:
        return False
    if values.dtype.kind not in "biu" and not all(_is_whole(str(value)) for value in known):
        return title is not None and _holds_words(values)
    numbers = np.array([int(float(value)) for value in known], object)
    counts = [numbers[0] + index for index in range(len(numbers))]
    return title is not None or (numbers[0] in (0, 1) and numbers.tolist() == counts)


def _is_fraction(value: str) -> bool:
    if not is_number(value):
        return is_numeric(value)
    number = float(value)
    return math.isfinite(number) and not number.is_integer()


def _is_whole(value: str) -> bool:
    return is_number(value) and float(value).is_integer()


def _notice(table: Table, columns: Sequence[int], label: int, *, sure: bool) -> str | None:
    """Which column is the label, if that does not go without saying, and what is left out.

    Args:
        table: any.
        columns: those that are neither left out nor number the rows.
        label: the label's.
        sure: whether the user or a title names it.
    """
    head, last, index = table.head, columns[-1], 0 not in columns and 0 in table.picked.texts
    first_of_two = (
        not sure
        and head.titles is not None
        and not is_number(head.titles[label])
        and label == columns[0] != last
        and not _holds_words(table.text(label))
        and _can_be_classes(table.text(last))
    )
    others = set(columns) & set(table.picked.texts) - {label}
    doubtful = first_of_two or (
        not sure and any(_holds_words(table.text(column)) for column in others)
    )
    notices = []
    if label > 0 or doubtful:
        notices.append(f"the label is {head.column(label)}")
        if doubtful:
            notices[-1] += f" ({spelled('label')} names another)"
    if index:
        does = "names" if _holds_words(table.text(0)) else "numbers"
        notices.append(f"{head.column(0)} {does} the rows and is left out")
    return "; ".join(notices) or None


def _listed(head: Head, before: str = ", one of") -> str:
    """The titles of a table, cut to a few, after some words; nothing if there are none."""
    if head.titles is None:
        return ""
    titles: Sequence[str] = head.titles[:LISTED]
    more = ", ..." if head.columns > LISTED else ""
    return f"{before} ({', '.join(map(shown, titles))}{more})"
