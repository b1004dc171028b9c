"""Finds the columns that the user names, or that a title marks as the label."""

from __future__ import annotations

from collections.abc import Sequence

from gpunet.datasets.readers.files import shown
from gpunet.datasets.tables.sheet import Head
from gpunet.datasets.tables.titles import is_label_title
from gpunet.errors import SettingError

__all__ = ["named_column", "named_label", "named_labels", "titles_listed"]

LAST = "last"
"""The name for the last column."""

LISTED = 12  # most titles in a message


def named_labels(head: Head, label: str | None) -> tuple[int, ...]:
    """The columns of the labels, named by the user or by a title; empty if neither names one.

    Args:
        head: head of the table.
        label: a name as for ``named_column``, or several separated by commas; ``None`` for none.

    Raises:
        UsageError: a name fits no column, or two names fit the same column.
    """
    names = [] if label is None else [label]
    titles = {title.casefold() for title in head.titles or ()}
    if label is not None and "," in label and label.casefold() not in titles:
        names = [name.strip() for name in label.split(",")]
    columns = tuple(named_column(head, name, "label") for name in names)
    if len(set(columns)) < len(columns):
        raise SettingError("label", label, "different columns", says=f"{label} names one twice")
    if columns:
        return columns
    found = [column for column, title in enumerate(head.titles or ()) if is_label_title(title)]
    return tuple(found) if len(found) == 1 else ()


def named_label(head: Head, label: str | None) -> int | None:
    """The column of the label, named by the user or by a title; ``None`` if neither names one.

    Raises:
        UsageError: the user names a column that does not exist, or several.
    """
    columns = named_labels(head, label)
    if len(columns) > 1:
        raise SettingError("label", label, "one column", f"name one column of {head.name}")
    return columns[0] if columns else None


def named_column(head: Head, name: str, setting: str) -> int:
    """The index, from 0, of a column that the user names.

    Args:
        head: head of the table.
        name: a title, a number that counts columns from 1, or ``last``.
        setting: setting with the name, for the message.

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
        f"give a number from 1 to {head.columns:,}, `last`{titles_listed(head, ', or a title')}",
        f"{shown(name)} names no column of {head.name}",
    )


def titles_listed(head: Head, before: str = ", one of") -> str:
    """The titles of a table after ``before``, shortened if many; empty if there are none."""
    if head.titles is None:
        return ""
    titles: Sequence[str] = head.titles[:LISTED]
    more = ", ..." if head.columns > LISTED else ""
    return f"{before} ({', '.join(map(shown, titles))}{more})"
