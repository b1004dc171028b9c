"""Tables: CSV files of one sample per line, with a label in one column and features in the others.

``text_rows`` reads the text, ``label_column`` chooses the label.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.dataset import Columns, Dataset
from gpunet.datasets.readers.features import as_features, is_square
from gpunet.datasets.readers.files import shown
from gpunet.datasets.readers.first_lines import Head
from gpunet.datasets.readers.label_column import (
    choose_roles,
    named_column,
    named_label,
    pick_for_training,
)
from gpunet.datasets.readers.labels import RawLabels, number_known
from gpunet.datasets.readers.packed import ENDS as PACKED_ENDS
from gpunet.datasets.readers.packed import unpacked, without_end
from gpunet.datasets.readers.parts import TEST_SHARE, Part, assembled
from gpunet.datasets.readers.text_rows import (
    Picked,
    Sheet,
    column_name,
    read_blocks,
    read_sheet,
)
from gpunet.datasets.readers.titles import are_pixel_titles, is_index_title
from gpunet.errors import DataError

__all__ = [
    "TABLE_NAMES",
    "Rows",
    "find_tables",
    "is_table_name",
    "read_row_blocks",
    "read_rows",
    "read_table",
    "table_stem",
]

ENDS = (".csv", ".tsv", ".txt", ".data")
"""How a table's name ends, before ``packed.ENDS`` where it is packed."""

TABLE_NAMES = ".csv, .tsv, .txt or .data, or .gz, .bz2, .xz or .zip after that"
"""How a table's name ends, as messages say it."""

PREFIXES = ("", "X_", "mnist_", "fashion-mnist_")
"""What may stand before the names train.csv and test.csv."""

MOST_TITLES = 1 << 16
"""Columns up to which titles are kept; more are known by their position."""

LONGEST_TITLES = 1 << 20  # characters of all titles together

LISTED = 8  # titles that a message lists


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows for a model.

    Args:
        name: of the file.
        features: (n, I) in the model's order, uint8 for a model of grey levels, else floats.
        labels: (n,) numbers of the model's classes, or ``None`` where they are not read.
        names: what each row is called: what its index column holds, or its number from 1 on.
        index: the title of that column, or ``None``.
    """

    name: str
    features: NDArray[np.uint8] | NDArray[np.float32] | NDArray[np.float64]
    labels: NDArray[np.int32] | None
    names: Sequence[Any]
    index: str | None


def is_table_name(name: str) -> bool:
    """Whether a file of this name is read as a table."""
    return name.lower().endswith(".zip") or without_end(name).lower().endswith(ENDS)


def table_stem(path: Path) -> str:
    """A table's name without its ends."""
    return Path(without_end(path.name)).stem


def find_tables(folder: Path) -> tuple[Path, Path] | None:
    """The training and the test table of a folder, if it has a pair of known names."""
    for prefix in PREFIXES:
        for end in (".csv", *(f".csv{packed}" for packed in PACKED_ENDS)):
            train, test = (folder / f"{prefix}{part}{end}" for part in ("train", "test"))
            if train.exists() and test.exists():
                return train, test
    return None


def read_table(
    path: Path, label: str | None = None, *, test: Path | None = None, val: Path | None = None
) -> Dataset:
    """Read a table to train on, and those to test and to validate with if there are some.

    The columns of the others are found by the titles of the first one's; without titles, by their
    position. Where there is no table to test with, the last sixth of the rows is for testing; where
    those rows lack classes, the last sixth of every class is. Labels are whole numbers
    or words. Features become uint8 if they are the pixels of an image, by their number or their
    titles, and all are grey levels (whole, 0 to 255, some above 127), else floats. A square number
    of bytes, or of values from 0 to 1 or reaching from -1 to 1, is taken for an image, whose pixels
    may be bytes divided by 255.

    Args:
        path: of the file to train on.
        label: the label's column, as ``label_column.named_label`` takes it; ``None`` to choose.
        test: of the file to test with.
        val: of the file to validate with.

    Raises:
        DataError: a file is unreadable, its rows are of different lengths, a feature is no
            finite number, a label can be no class, or a file lacks a column.
        UsageError: ``label`` names no column.
    """
    sheet, chosen, columns, notice = _read_training(path, label)
    features: dict[Part, NDArray[Any]] = {"train": sheet.take_features(chosen)}
    labels: dict[Part, RawLabels] = {"train": _raw_labels(sheet, columns.place)}
    others: dict[Part, Path | None] = {"val": val, "test": test}
    for part, other in others.items():
        if other is not None:
            sheet, found = _read_alike(other, columns, len(chosen), with_label=True)
            features[part] = sheet.take_features(found.features)
            labels[part] = _raw_labels(sheet, found.label)
    rows = len(features["train"])
    if test is None and rows < TEST_SHARE:
        raise DataError(
            f"{path} holds {rows} rows, wanted at least {TEST_SHARE} to split into "
            "training and test samples; give more, or a folder with train.csv and test.csv"
        )
    typed = as_features(tuple(features.values()), grey=columns.grey)
    return assembled(
        dict(zip(features, typed, strict=True)),
        labels,
        typed[0].shape[1:],
        name=table_stem(path) if len(features) == 1 else path.resolve().parent.name,
        source=str(path) if test is None else f"{path} and {test.name}",
        notice=notice,
        unsplit=f"{path.name} is one file",
        validation="" if val is None else val.name,
        columns=replace(columns, grey=typed[0].dtype == np.uint8),
    )


def read_rows(
    path: Path, columns: Columns, inputs: int, classes: Sequence[str] | None = None
) -> Rows:
    """Read all rows of a table for a model.

    Args:
        path: of the file.
        columns: of the table that the model was trained on.
        inputs: features that the model takes, I.
        classes: the names of the model's classes, if the rows' labels are wanted.

    Raises:
        DataError: as ``read_table``, a column is missing, or a label is none of the classes.
    """
    sheet, found = _read_alike(path, columns, inputs, with_label=classes is not None)
    rows = _rows(sheet, found, columns, 1)
    if classes is None:
        return rows
    return replace(rows, labels=number_known(_raw_labels(sheet, found.label), classes))


def read_row_blocks(
    source: Path | BinaryIO, columns: Columns, inputs: int, index: str | None = None
) -> Iterator[Rows]:
    """Read the rows of a table for a model block by block, so that a file of any length can be.

    Args:
        source: the file, or one that is open, which is called the standard input.
        columns: of the table that the model was trained on.
        inputs: features that the model takes, I.
        index: the column that names the rows, as ``label_column.named_column`` takes it; ``None``
            for the one that the model's table had.

    Yields:
        At least one row.

    Raises:
        DataError: as ``read_rows``, once the rows above have been given out.
        UsageError: ``index`` names no column.
    """

    def find(head: Head) -> _Found:
        return _Found.of(head, columns, inputs, index)

    opened = unpacked(source) if isinstance(source, Path) else nullcontext((source, 0))
    name = str(source) if isinstance(source, Path) else "standard input"
    number = 1
    with opened as (file, _):
        for sheet in read_blocks(file, name, lambda head: find(head).picked(with_label=False)):
            rows = _rows(sheet, find(sheet.head), columns, number)
            number += len(rows.features)
            yield rows


def _rows(sheet: Sheet, found: _Found, columns: Columns, first: int) -> Rows:
    """The rows of a sheet, without labels; the first one has this number."""
    titles = sheet.head.titles
    names: Sequence[Any] = range(first, first + len(sheet))
    if found.index is not None:
        names = sheet.text(found.index).tolist()
    return Rows(
        name=sheet.head.name,
        features=_as_trained(sheet.take_features(found.features), columns.grey),
        labels=None,
        names=names,
        index=None if found.index is None or titles is None else titles[found.index],
    )


def _read_training(path: Path, label: str | None) -> tuple[Sheet, list[int], Columns, str | None]:
    """A table to train on, the columns of its features, what all columns are, and a notice."""
    sheet = read_sheet(path, lambda head: pick_for_training(head, label))
    head = sheet.head
    roles = choose_roles(sheet, label)
    others = [column for column in range(roles.index, head.columns) if column != roles.label]
    if not others:
        raise DataError(
            f"{head.name} has no column beside the label, {column_name(head, roles.label)}, wanted "
            "features in others"
        )
    titles = None if head.titles is None else tuple(head.titles[column] for column in others)
    label_title = None if head.titles is None else head.titles[roles.label]
    columns = Columns(
        features=titles if _can_tell(titles, label_title) else None,
        label=label_title,
        place=roles.label,
        index=roles.index,
        grey=is_square(len(others)) or (titles is not None and are_pixel_titles(titles)),
    )
    return sheet, others, columns, roles.notice


def _read_alike(
    path: Path, columns: Columns, inputs: int, *, with_label: bool
) -> tuple[Sheet, _Found]:
    """Another table with the columns of one that was trained on, and where they stand in it."""

    def pick(head: Head) -> Picked:
        found = _Found.of(head, columns, inputs)
        if with_label and found.label is None:
            title = "" if columns.label is None else f" {shown(columns.label)}"
            raise DataError(
                f"{head.name} has no column{title} for the label; rows without labels are "
                "answered by `gpunet predict`"
            )
        return found.picked(with_label)

    sheet = read_sheet(path, pick)
    return sheet, _Found.of(sheet.head, columns, inputs)


def _can_tell(titles: tuple[str, ...] | None, label: str | None) -> bool:
    """Whether the columns of features can be told apart by their titles, also from the label's."""
    return (
        titles is not None
        and len(titles) <= MOST_TITLES
        and sum(map(len, titles)) <= LONGEST_TITLES
        and "" not in titles
        and len({*titles, label}) == len(titles) + 1
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a model's columns stand in another table."""

    features: tuple[int, ...]  # the columns of the model's features, in its order
    label: int | None  # the column of the label, or ``None``
    index: int | None  # the column that names the rows, or ``None``

    @classmethod
    def of(cls, head: Head, columns: Columns, inputs: int, index: str | None = None) -> _Found:
        """The columns by their titles, if both tables have some, else by their position.

        Args:
            head: of the other table.
            columns: of the model.
            inputs: the model's features, I.
            index: the column that names the rows, if the user says so.

        Raises:
            DataError: one is missing, or there are more or fewer than the model's.
            UsageError: ``index`` names no column.
        """
        named = None if index is None else named_column(head, index, "id")
        if columns.features is not None and head.titles is not None:
            found = cls._by_title(head, columns.features, columns.label)
        elif named is not None and head.columns == inputs + 1:
            others = tuple(column for column in range(head.columns) if column != named)
            found = cls(others, None, named)
        else:
            found = cls._by_position(head, columns, inputs)
        return found if named is None else replace(found, index=named)

    @classmethod
    def _by_title(cls, head: Head, wanted: tuple[str, ...], label: str | None) -> _Found:
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
        found = None if label is None else indices.get(label)
        free = 0 not in features and found != 0 and is_index_title(titles[0])
        return cls(features, found, 0 if free else None)

    @classmethod
    def _by_position(cls, head: Head, columns: Columns, inputs: int) -> _Found:
        index = int(columns.index)
        whole = inputs + 1 + index
        if head.columns == inputs:
            return cls(tuple(range(inputs)), None, None)
        if head.columns != whole:
            raise DataError(
                f"{head.name} has {head.columns:,} columns, wanted {inputs:,} features, or "
                f"{whole:,} columns as in training; give rows of the same kind"
            )
        named = named_label(head, None) if columns.label is None else None
        label = columns.place if named is None else named
        features = tuple(column for column in range(index, whole) if column != label)
        return cls(features, label, 0 if index else None)

    def picked(self, with_label: bool) -> Picked:
        """What is to be read."""
        texts = {self.index, self.label if with_label else None} - {None}
        numbers = tuple(column for column in self.features if column not in texts)
        kept = tuple(column for column in texts if column is not None)
        return Picked(kept, numbers, index=self.index)


def _as_trained(
    features: NDArray[Any], grey: bool
) -> NDArray[np.uint8] | NDArray[np.float32] | NDArray[np.float64]:
    """Features (n, I) of the type that a model's training samples had."""
    if features.dtype == np.uint8:
        return features if grey else features.astype(np.float32)
    if not grey:
        return features
    levels = features.astype(np.uint8, casting="unsafe")
    return levels if (levels == features).all() else (features / 255).astype(np.float32)


def _raw_labels(sheet: Sheet, column: int | None) -> RawLabels:
    """A column of labels, with the numbers of their lines."""
    assert column is not None
    return RawLabels(sheet.head.name, sheet.text(column), sheet.lines, unit="line")
