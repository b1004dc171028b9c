"""Which column of a table is the label, and whether the first one only numbers the rows.

The choice is by the user's word, by the titles, by the values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.readers.features import is_number, is_numeric
from gpunet.datasets.readers.files import shown
from gpunet.datasets.readers.first_lines import Head
from gpunet.datasets.readers.labels import distinct
from gpunet.datasets.readers.text_rows import Picked, Sheet, column_name
from gpunet.datasets.readers.titles import is_index_title, is_label_title, may_be_label_title
from gpunet.errors import DataError, SettingError, spelled

__all__ = ["Roles", "choose_roles", "named_column", "named_label", "pick_for_training"]

LAST = "last"
"""The name that stands for the last column."""

LISTED = 12  # titles that a message lists
FEW_CLASSES, ROWS_PER_CLASS, ROWS_PER_MANY = 10, 2, 10
"""Up to so many classes are guessed where each has two rows on average; of more, each needs ten."""

FEWEST_INDICES = 3  # rows below which 0, 1, 2 may be classes


@dataclass(frozen=True, slots=True)
class Roles:
    """What the columns of a table are for; those not named here are features."""

    label: int  # the label's column, counted from 0
    index: bool  # whether the first column numbers or names the rows and is left out
    notice: str | None  # what the user should know about the choice, or ``None``


def pick_for_training(head: Head, label: str | None) -> Picked:
    """The columns to read before the label is chosen: those that it may be stay text.

    Args:
        head: of the table.
        label: what the user says, or ``None``.

    Raises:
        UsageError: it names no column.
        DataError: there is but one column.
    """
    if head.columns < 2:
        raise DataError(
            f"{head.name} has one column in its first line, wanted a label and features "
            "separated by commas, semicolons, tabs or bars; save it again as CSV"
        )
    named = named_label(head, label)
    may_be = {0, 1, head.columns - 1, *_perhaps(head)} if named is None else {0, named}
    texts = tuple(sorted(may_be))
    numbers = tuple(column for column in range(head.columns) if column not in may_be)
    advice = f"; only the label may hold words, and {spelled('label')} names its column"
    return Picked(texts, numbers, advice)


def choose_roles(sheet: Sheet, label: str | None) -> Roles:
    """The label of a table whose columns were picked by ``pick_for_training``.

    It is the column that the user names; else the one with a label's title; else the first or the
    last one if it alone holds words; else the first one if its values recur, as classes do; else
    the last one, if its do.

    Raises:
        DataError: no value of that column recurs, or no column is such a one.
    """
    head = sheet.head
    named = named_label(head, label)
    index = named != 0 and _is_index(head, sheet.text(0))
    chosen = named if named is not None else _guessed(sheet, index)
    values = distinct(sheet.text(chosen))[0]
    if len(values) == len(sheet) > 1:
        raise DataError(
            f"{column_name(head, chosen)} of {head.name}, taken for the label, has a different "
            f"value in each of its {len(sheet):,} rows, wanted classes that recur; name the "
            f"label's column with {spelled('label')}{_listed(head)}"
        )
    return Roles(chosen, index, _notice(sheet, chosen, index, sure=named is not None))


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


def _guessed(sheet: Sheet, index: bool) -> int:
    """The label's column where neither the user nor a title tells it."""
    last = sheet.head.columns - 1
    ends = [min(int(index), last), last]
    wordy = [column for column in ends if _holds_words(sheet.text(column))]
    if len(set(wordy)) == 1:
        return wordy[0]
    for column in (*_perhaps(sheet.head), *ends):
        if _can_be_classes(sheet.text(column)):
            return column
    head = sheet.head
    raise DataError(
        f"{head.name} does not tell which column is the label: no title does, and neither "
        f"{column_name(head, ends[0])} nor {column_name(head, last)} holds two or more classes "
        f"that recur; name it with {spelled('label')}{_listed(head)}"
    )


def _holds_words(values: NDArray[Any]) -> bool:
    """Whether most of the different values are words, so that they are no feature."""
    if values.dtype.kind != "T":
        return False
    different = distinct(values)[0]
    words = sum(bool(value) and not is_numeric(value) for value in different)
    return words > len(different) / 2


def _can_be_classes(values: NDArray[Any]) -> bool:
    """Whether values recur, and none of them is a fraction."""
    different = distinct(values)[0]
    each = ROWS_PER_CLASS if len(different) <= FEW_CLASSES else ROWS_PER_MANY
    if len(different) < 2 or len(different) * each > len(values):
        return False
    return values.dtype.kind != "T" or not any(map(_is_fraction, different))


def _is_index(head: Head, values: NDArray[Any]) -> bool:
    """Whether the first column numbers the rows, or names each by another word."""
    title = head.titles[0] if head.titles else None
    if title is not None and not is_index_title(title):
        return False
    different = distinct(values)[0]
    if len(different) < len(values) or len(values) < FEWEST_INDICES:
        return False
    if values.dtype.kind == "T" and not all(map(_is_whole, different)):
        return title is not None and _holds_words(values)
    numbers = np.array([int(float(value)) for value in different], object)
    counts = [numbers[0] + index for index in range(len(numbers))]
    if numbers[0] in (0, 1) and numbers.tolist() == counts:
        return True
    return bool(title)


def _is_fraction(value: str) -> bool:
    if not is_number(value):
        return is_numeric(value)
    number = float(value)
    return math.isfinite(number) and not number.is_integer()


def _is_whole(value: str) -> bool:
    return is_number(value) and float(value).is_integer()


def _notice(sheet: Sheet, label: int, index: bool, *, sure: bool) -> str | None:
    """Which column is the label, if that does not go without saying, and what is left out."""
    head = sheet.head
    last = head.columns - 1
    doubtful = (
        not sure
        and head.titles is not None
        and not is_number(head.titles[label])
        and label == int(index) != last
        and not _holds_words(sheet.text(label))
        and _can_be_classes(sheet.text(last))
    )
    notices = []
    if label > 0 or doubtful:
        notices.append(f"the label is {column_name(head, label)}")
        if doubtful:
            notices[-1] += f" ({spelled('label')} names another)"
    if index:
        does = "names" if _holds_words(sheet.text(0)) else "numbers"
        notices.append(f"{column_name(head, 0)} {does} the rows and is left out")
    return "; ".join(notices) or None


def _listed(head: Head, before: str = ", one of") -> str:
    """The titles of a table, cut to a few, after some words; nothing if there are none."""
    if head.titles is None:
        return ""
    titles: Sequence[str] = head.titles[:LISTED]
    more = ", ..." if head.columns > LISTED else ""
    return f"{before} ({', '.join(map(shown, titles))}{more})"
