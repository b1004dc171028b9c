"""Chooses the columns to predict, and whether the first column only numbers the rows.

The user's choice comes first, then the titles, then the values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config.choices import Kind
from gpunet.datasets.readers.features import is_number
from gpunet.datasets.readers.labels import distinct
from gpunet.datasets.readers.parts import joined
from gpunet.datasets.tables.cells import is_missing
from gpunet.datasets.tables.guessed_label import guessed, holds_words, perhaps
from gpunet.datasets.tables.named_columns import named_column, named_labels, titles_listed
from gpunet.datasets.tables.options import TableOptions
from gpunet.datasets.tables.sheet import Head, Picked, Table
from gpunet.datasets.tables.target_columns import different_numbers, is_gap, kind_of
from gpunet.datasets.tables.titles import is_index_title
from gpunet.errors import DataError, SettingError, spelled

__all__ = ["Roles", "choose_roles", "pick_for_training"]

FEWEST_INDICES = 3  # with fewer rows, 0, 1, 2 may be classes


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles of a table's columns."""

    targets: tuple[int, ...]  # indices of the columns to predict, from 0; a single one for classes
    kind: Kind  # their kind
    weight: int | None  # the column of the rows' weights
    index: bool  # whether the first column numbers or names the rows and is left out
    features: tuple[int, ...]  # indices of the columns that may become features
    notice: str | None  # what the user should know about the choice, or ``None``


def pick_for_training(head: Head, options: TableOptions) -> Picked:
    """The columns to read before the label is chosen; candidates for it are read as text.

    Args:
        head: head of the table.
        options: the user's choices.

    Raises:
        UsageError: the user names a column that does not exist, or leaves out the label.
        DataError: there is only one column.
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
    named = named_labels(head, options.label)
    if left_out := [column for column in named if column not in columns]:
        raise DataError(
            f"{head.column(left_out[0])} of {head.name} is the label and cannot be left out; name "
            f"another with {spelled('label')}"
        )
    weight = None if options.weight is None else named_column(head, options.weight, "weight")
    others = [column for column in columns if column != weight]
    likely = {columns[0], *named} if named else {*others[:2], others[-1], *perhaps(head)}
    if weight is not None:
        if weight in named or weight not in columns:
            does = "is the label" if weight in named else f"is left out by {spelled('ignore')}"
            raise DataError(
                f"{head.column(weight)} of {head.name} {does} and cannot hold the weights, too; "
                f"name another with {spelled('weight')}"
            )
        likely |= {columns[0], weight}
    texts = tuple(sorted(likely & set(columns)))
    return Picked(texts, tuple(column for column in columns if column not in likely))


def choose_roles(table: Table, options: TableOptions) -> Roles:
    """Choose the columns to predict in a table that ``pick_for_training`` picked.

    In order of preference: the columns that the user names; the column with a label's title; the
    first or last column if it is the only one with words; a column of numbers with the title of a
    measured target; the first column if its values recur like classes; the last column if its
    values do. If other columns hold words as well, words mean less: a possible title of a label
    comes before them, and the last column before the first. A first column whose title names the
    rows is not guessed even if its values recur. If nothing can be classes, the last column of
    numbers is a measured target.

    Raises:
        DataError: no value of the chosen column recurs although it should, or no column fits.
        SettingError: several columns are named, but the loss takes the classes of one.
    """
    head, columns = table.head, _kept(table.head, options)
    named = named_labels(head, options.label)
    weight = None if options.weight is None else named_column(head, options.weight, "weight")
    index = columns[0] == 0 and 0 not in (*named, weight) and _is_index(head, table.text(0))
    columns = tuple(column for column in columns[index:] if column != weight)
    if not columns:
        raise DataError(
            f"{head.name} has no column beside the weights and the rows' names, wanted a label; "
            f"name another with {spelled('weight')}"
        )
    if named:
        targets, kind, guess = named, options.kind or kind_of(table, named), None
    else:
        targets, kind, guess = guessed(table, columns, options.kind)
    if kind == "classes":
        _require_one_that_recurs(table, targets, options)
    told = (
        _told_label(table, columns, targets[0], guess)
        if kind == "classes"
        else _told_targets(table, targets, kind, guess)
    )
    does = "names" if index and holds_words(table.text(0)) else "numbers"
    left_out = f"{head.column(0)} {does} the rows and is left out" if index else None
    notice = joined(told, left_out)
    features = tuple(column for column in columns if column not in targets)
    return Roles(targets, kind, weight, index, features, notice)


def _require_one_that_recurs(table: Table, targets: tuple[int, ...], options: TableOptions) -> None:
    """Check that classes come from a single column whose values recur."""
    head = table.head
    if len(targets) > 1:
        raise SettingError(
            "label",
            options.label,
            "one column of classes",
            f"give {spelled('loss', 'squared-error')} for several measured targets, or "
            f"{spelled('loss', 'binary-cross-entropy')} for several labels of 0 or 1",
        )
    values = [value for value in distinct(table.text(targets[0]))[0] if not is_gap(value)]
    if len(values) == len(table) > 1:
        raise DataError(
            f"{head.column(targets[0])} of {head.name}, taken for the label, has a different "
            f"value in each of its {len(table):,} rows, wanted classes that recur; name the "
            f"label's column with {spelled('label')}{titles_listed(head)}"
        )


def _kept(head: Head, options: TableOptions) -> tuple[int, ...]:
    """The columns that the user does not leave out."""
    ignored = {named_column(head, name, "ignore") for name in options.ignore}
    return tuple(column for column in range(head.columns) if column not in ignored)


def _is_index(head: Head, values: NDArray[Any]) -> bool:
    """Whether the first column numbers the rows or gives each a different name."""
    title = head.titles[0] if head.titles else None
    if title is not None and not is_index_title(title):
        return False
    different, _, numbered = distinct(values)
    gaps = [is_gap(value) or is_missing(str(value), number=True) for value in different]
    known = [value for value, gap in zip(different, gaps, strict=True) if not gap]
    present = len(values) - int(np.array(gaps)[numbered].sum())
    if len(known) < present or len(known) < FEWEST_INDICES:
        return False
    if values.dtype.kind not in "biu" and not all(_is_whole(str(value)) for value in known):
        return title is not None and holds_words(values)
    numbers = np.array([int(float(value)) for value in known], object)
    counts = [numbers[0] + index for index in range(len(numbers))]
    return title is not None or (numbers[0] in (0, 1) and numbers.tolist() == counts)


def _is_whole(value: str) -> bool:
    return is_number(value) and float(value).is_integer()


def _told_label(table: Table, columns: Sequence[int], label: int, guess: str | None) -> str | None:
    """A notice about the chosen label, unless it is obvious."""
    head, last, sure = table.head, columns[-1], guess is None
    guessed_first = (
        not sure
        and head.titles is not None
        and not is_number(head.titles[label])
        and label == columns[0] != last
    )
    others = set(columns) & set(table.picked.texts) - {label}
    doubtful = guessed_first or (
        not sure and any(holds_words(table.text(column)) for column in others)
    )
    if not (label > 0 or doubtful):
        return None
    another = f" ({spelled('label')} names another)" if doubtful else ""
    return f"the label is {head.column(label)}{another}"


def _told_targets(table: Table, targets: Sequence[int], kind: Kind, guess: str | None) -> str:
    """A notice about the chosen targets."""
    what = "label" if kind == "labels" else "target"
    those = ", ".join(map(table.head.column, targets))
    told = f"the {what} is {those}" if len(targets) == 1 else f"the {what}s are {those}"
    if kind == "measured":
        told += ", measured"
        if len(targets) == 1 and (known := different_numbers(table, targets[0])) is not None:
            told += f", {known[0][0]:,.6g} to {known[0][-1]:,.6g}"
    return told if guess is None else f"{guess}{told} ({spelled('label')} names another)"
