"""Reads rows of other tables for a model: finds its columns and encodes them as in training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from gpunet.config.choices import Kind
from gpunet.datasets.readers.files import shown
from gpunet.datasets.readers.labels import RawLabels, number_known
from gpunet.datasets.table_columns import Columns
from gpunet.datasets.tables.encoder import Encoder, Tally, take_features
from gpunet.datasets.tables.named_columns import named_column, named_labels
from gpunet.datasets.tables.sheet import Block, Head, Picked, Sheet, Table
from gpunet.datasets.tables.sheets import open_sheet, read_whole
from gpunet.datasets.tables.target_columns import target_rows
from gpunet.datasets.tables.titles import is_index_title
from gpunet.errors import DataError

__all__ = ["Found", "Rows", "UnlabeledError", "read_alike", "read_row_blocks", "read_rows"]

LISTED = 8  # most titles in a message


class UnlabeledError(DataError):
    """A table lacks the label's column and has fewer columns than the training table."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows for a model.

    Args:
        name: name of the file.
        features: (n, I) in the model's order, uint8 for a model of gray levels, else floats.
        labels: (n,) numbers of the model's classes, or its targets (n, T) float64; ``None`` if they
            were not read.
        names: names of the rows: the values of the index column, or numbers from 1 on.
        index: title of the index column, or ``None``.
        notice: what was filled, skipped and left out, or ``None``; in the last block if rows come
            in blocks.
    """

    name: str
    features: NDArray[np.uint8] | NDArray[np.float32] | NDArray[np.float64]
    labels: NDArray[Any] | None
    names: Sequence[Any]
    index: str | None
    notice: str | None = None


def read_rows(
    source: Path | BinaryIO,
    columns: Columns,
    inputs: int,
    classes: Sequence[str] | None = None,
    kind: Kind = "classes",
) -> Rows:
    """Read all rows of a table for a model.

    Args:
        source: path of the file, or an open file, which messages call the standard input.
        columns: columns of the training table.
        inputs: number of features I of the model.
        classes: names of the model's classes (empty for targets) to read the labels, too; rows
            without a label are then left out.
        kind: what the model predicts.

    Raises:
        DataError: as in ``read_table``; or a column is missing, or a label is not one of the
            classes.
    """
    table, found = read_alike(source, columns, inputs, with_label=classes is not None)
    tally = Tally()
    names: Sequence[Any] = range(1, len(table) + 1)
    if found.index is not None:
        names = table.text(found.index).tolist()
    labels = notice = None
    encoder = Encoder(table, columns, found.features, inputs, tally)
    if classes is None:
        features = take_features(table, encoder)[0]
    else:
        raw, kept, notice = target_rows(table, found.labels, kind)
        features = take_features(table, encoder)[0]
        if notice:
            features, names = features[kept], [names[row] for row in np.flatnonzero(kept).tolist()]
        labels = number_known(raw, classes) if isinstance(raw, RawLabels) else raw.values
    return Rows(
        name=table.head.name,
        features=_as_trained(features, columns.grey),
        labels=labels,
        names=names,
        index=_index_title(table.head, found),
        notice="; ".join(filter(None, (notice, tally.notice))) or None,
    )


def read_row_blocks(
    source: Path | BinaryIO, columns: Columns, inputs: int, index: str | None = None
) -> Iterator[Rows]:
    """Read the rows of a table for a model block by block, whatever the length of the file.

    Args:
        source: path of the file, or an open file, which messages call the standard input.
        columns: columns of the training table.
        inputs: number of features I of the model.
        index: column that names the rows, as for ``named_columns.named_column``; ``None`` for that
            of the training table.

    Yields:
        Blocks of at least one row.

    Raises:
        DataError: as in ``read_rows``, after the preceding rows were yielded.
        UsageError: ``index`` names no column.
    """

    def find(head: Head) -> Found:
        return Found.of(head, columns, inputs, index)

    with open_sheet(source, lambda head: find(head).picked(with_label=False)) as sheet:
        found, tally = find(sheet.head), Tally()
        encoder = Encoder(sheet, columns, found.features, inputs, tally)
        held: Rows | None = None  # yielded once it is known whether it is the last
        number = 1
        for block in sheet.blocks:
            if held is not None:
                yield held
            held = _rows(sheet, found, block, encoder, columns, number)
            number += len(block)
        sheet.decimal.require_plain()
        if held is not None:
            yield replace(held, notice=tally.notice)


def _rows(
    sheet: Sheet, found: Found, block: Block, encoder: Encoder, columns: Columns, first: int
) -> Rows:
    """The rows of a block, without labels; ``first`` is the number of its first row."""
    names: Sequence[Any] = range(first, first + len(block))
    if found.index is not None:
        names = block.texts[found.index].tolist()
    return Rows(
        name=sheet.head.name,
        features=_as_trained(encoder.encode(block)[0], columns.grey),
        labels=None,
        names=names,
        index=_index_title(sheet.head, found),
    )


def _index_title(head: Head, found: Found) -> str | None:
    titles = head.titles
    return None if found.index is None or titles is None else titles[found.index]


def read_alike(
    source: Path | BinaryIO, columns: Columns, inputs: int, *, with_label: bool
) -> tuple[Table, Found]:
    """Read another table with a training table's columns, and find where they are in it.

    Raises:
        UnlabeledError: it lacks the label although labels are wanted.
        DataError: as ``read_rows``.
    """

    def pick(head: Head) -> Picked:
        found = Found.of(head, columns, inputs)
        if with_label and not found.labels:
            lacking = [title for title in columns.labels or () if title not in (head.titles or ())]
            title = f" {shown(lacking[0])}" if lacking else ""
            error = UnlabeledError if head.columns < _width(columns, inputs) else DataError
            raise error(
                f"{head.name} has no column{title} for the label; rows without labels are "
                "answered by `gpunet predict`"
            )
        return found.picked(with_label)

    table = read_whole(source, pick)
    return table, Found.of(table.head, columns, inputs)


def _width(columns: Columns, inputs: int) -> int:
    """The number of columns of the training table."""
    return int(columns.index) + columns.count(inputs) + len(columns.places) + len(columns.ignored)


Places = tuple[tuple[int, ...], tuple[int, ...], int | None]
"""The columns of the features, of the label or the targets, and of the rows' names."""


@dataclass(frozen=True, slots=True)
class Found:
    """The positions of a model's columns in another table."""

    features: tuple[int, ...]  # columns of the model's features, in its order
    labels: tuple[int, ...]  # columns of the label or of all targets; empty if they are missing
    index: int | None  # column that names the rows, or ``None``
    words: frozenset[int]  # columns of features that hold words

    @classmethod
    def of(cls, head: Head, columns: Columns, inputs: int, index: str | None = None) -> Found:
        """Find the columns by title if both tables have titles, else by position.

        Args:
            head: head of the other table.
            columns: columns of the model.
            inputs: number of the model's features, I.
            index: the user's column that names the rows, if any.

        Raises:
            DataError: a column is missing, or the number of columns does not match.
            UsageError: ``index`` names no column.
        """
        named = None if index is None else named_column(head, index, "id")
        count = columns.count(inputs)
        if columns.features is not None and head.titles is not None:
            places = cls._by_title(head, columns.features, columns.labels or ())
        elif named is not None and head.columns == count + 1:
            others = tuple(column for column in range(head.columns) if column != named)
            places = others, (), named
        else:
            places = cls._by_position(head, columns, inputs)
        features, labels, first = places
        words = frozenset(features[one.column] for one in columns.encodings if one.levels)
        return cls(features, labels, first if named is None else named, words)

    @staticmethod
    def _by_title(head: Head, wanted: tuple[str, ...], labels: tuple[str, ...]) -> Places:
        titles = head.titles or ()
        indices = {title: index for index, title in enumerate(titles)}
        missing = [title for title in wanted if title not in indices]
        if missing:
            more = ", ..." if len(missing) > LISTED else ""
            listed = ", ".join(map(shown, missing[:LISTED]))
            raise DataError(
                f"{head.name} lacks {len(missing):,} of {len(wanted):,} columns that were trained "
                f"on, {listed}{more}; add them, or give their titles as they were"
            )
        times = Counter(titles)
        twice = [title for title in wanted if times[title] > 1]
        if twice:
            raise DataError(f"{head.name} has two columns titled {shown(twice[0])}; rename one")
        features = tuple(indices[title] for title in wanted)
        known = all(label in indices for label in labels)
        found = tuple(indices[label] for label in labels) if known else ()
        free = 0 not in (*features, *found) and is_index_title(titles[0])
        return features, found, 0 if free else None

    @staticmethod
    def _by_position(head: Head, columns: Columns, inputs: int) -> Places:
        count = columns.count(inputs)
        index, whole = int(columns.index), _width(columns, inputs)
        there = max(head.columns, whole) if head.is_open else head.columns
        if there == count:
            return tuple(range(count)), (), None
        if there not in (whole, whole - len(columns.places)):
            raise DataError(
                f"{head.name} has {head.columns:,} columns, wanted {count:,} features, or "
                f"{whole:,} columns as in training; give rows of the same kind"
            )
        named = named_labels(head, None) if columns.label is None else ()
        labels = named if len(named) == len(columns.places) else columns.places
        passed = {*labels, *columns.ignored}
        features = tuple(column for column in range(index, whole) if column not in passed)
        if there == whole:
            return features, labels, 0 if index else None
        before = [sum(label < at for label in labels) for at in features]
        return (
            tuple(at - less for at, less in zip(features, before, strict=True)),
            (),
            (0 if index else None),
        )

    def picked(self, with_label: bool) -> Picked:
        """The columns to read."""
        texts = {self.index, *(self.labels if with_label else ()), *self.words} - {None}
        numbers = tuple(column for column in self.features if column not in texts)
        kept = tuple(column for column in texts if column is not None)
        return Picked(kept, numbers)


def _as_trained(
    features: NDArray[Any], grey: bool
) -> NDArray[np.uint8] | NDArray[np.float32] | NDArray[np.float64]:
    """Convert features (n, I) to the type of the model's training samples."""
    if features.dtype == np.uint8:
        return features if grey else features.astype(np.float32)
    if not grey:
        return features
    levels = features.astype(np.uint8, casting="unsafe")
    return levels if (levels == features).all() else (features / 255).astype(np.float32)
