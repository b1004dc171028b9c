"""Checks the description of a table's columns in a file before it is used."""

from __future__ import annotations

from gpunet.datasets.table_columns import Columns
from gpunet.files.typed_json import UnsoundError

__all__ = ["require_columns"]


def require_columns(columns: Columns, inputs: int, are_images: bool, scales: bool) -> None:
    """Check that a description of columns is consistent.

    Args:
        columns: columns as read from a file.
        inputs: number of features I that they become.
        are_images: whether the rows are images.
        scales: whether there is a scaling, which can fill missing values.

    Raises:
        UnsoundError: it is not.
    """
    titles, count = columns.features, columns.count(inputs)
    encoded = [one.column for one in columns.encodings]
    if encoded != sorted(set(encoded)) or not all(0 <= column < count for column in encoded):
        raise UnsoundError(f"its encodings are not those of {count} columns")
    for one in columns.encodings:
        if len(set(one.levels)) < len(one.levels):
            raise UnsoundError(f"it gives one word of column {one.column} two features")
    if encoded and (columns.grey or are_images):
        raise UnsoundError("it encodes columns of pixels")
    fills = scales and columns.fills
    if any(not one.levels for one in columns.encodings) and not fills:
        raise UnsoundError("it tells what is missing, but does not fill it")
    if titles is not None and not len(titles) == len(set(titles)) == count:
        raise UnsoundError(f"it does not give titles to {count} columns")
    places, ignored = columns.places, columns.ignored
    whole = count + len(places) + columns.index + len(ignored)
    if len(set(places)) < len(places) or not all(columns.index <= at < whole for at in places):
        raise UnsoundError(f"its label is column {columns.place} beside {count} others")
    if len(columns.further_labels) not in (0, len(columns.further)):
        raise UnsoundError("it does not give titles to all of its targets")
    passed = {*places, *range(columns.index)}
    if ignored != tuple(sorted(set(ignored) - passed)) or not all(
        0 <= at < whole for at in ignored
    ):
        raise UnsoundError("the columns that it leaves out are not beside the others")
