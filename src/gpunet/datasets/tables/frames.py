"""Reads data frames and arrays of rows as tables with columns of numbers or texts.

Frames are recognized by their methods, so that no data frame library is needed here.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.dataset import Dataset
from gpunet.datasets.readers.features import as_features
from gpunet.datasets.readers.files import shown
from gpunet.datasets.readers.labels import TEXT
from gpunet.datasets.readers.parts import Part, assembled, joined
from gpunet.datasets.readers.targets import Targets
from gpunet.datasets.table_columns import Columns
from gpunet.datasets.tables.cells import Decimal
from gpunet.datasets.tables.columns import date_refused, learn_columns
from gpunet.datasets.tables.encoder import Encoder, Tally
from gpunet.datasets.tables.model_rows import Found
from gpunet.datasets.tables.named_columns import named_column, named_labels
from gpunet.datasets.tables.options import TableOptions
from gpunet.datasets.tables.sheet import Block, Head, Picked, Sheet, Table, refuse_unbounded
from gpunet.errors import DataError, SettingError

__all__ = [
    "FrameRows",
    "dataset_of_frames",
    "encoded_rows",
    "head_of",
    "is_gap",
    "parted",
    "sheet_of",
    "titles_of",
]


def titles_of(features: Any) -> tuple[str, ...] | None:
    """The titles of a data frame's columns, if they are unique texts."""
    titles = tuple(getattr(features, "columns", ()))
    texts = bool(titles) and all(isinstance(title, str) for title in titles)
    return titles if texts and len(set(titles)) == len(titles) else None


def parted(frame: Any, label: str | None) -> tuple[Any, Any]:
    """Split a data frame into features and labels.

    Args:
        frame: data frame with titled columns.
        label: column of the labels, or several, as in ``TableOptions``.

    Raises:
        SettingError: no column is named, or there is no column of that name.
    """
    titles = titles_of(frame)
    if titles is None:
        raise DataError(
            "the titles of the data frame's columns are not texts, or two are alike, so that none "
            "can be the label's; give (X, y)"
        )
    if label is None:
        wanted = f"the title of a column, one of {', '.join(map(shown, titles[:12]))}"
        raise SettingError("label", None, wanted, "or give (X, y) in place of the data frame")
    named = [titles[at] for at in named_labels(head_of(frame, "the data frame"), label)]
    features = frame[[title for title in titles if title not in named]]
    return features, frame[named if len(named) > 1 else named[0]]


def is_gap(item: Any) -> bool:
    """Whether an item means a missing value: None, NaN, pandas' NA or NaT."""
    if item is None or type(item).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(item, float | np.floating) and bool(np.isnan(item))


def sheet_of(data: Any, head: Head, wanted: Sequence[int], words: Container[int] = ()) -> Sheet:
    """Read a data frame, or rows (n, K) in an array, as a table.

    Args:
        data: columns of numbers of any type, texts, booleans or categories.
        head: its head, from ``head_of``.
        wanted: indices of the columns to read, from 0.
        words: indices of columns to read as texts, whatever they hold.

    Raises:
        DataError: a column holds dates, infinite numbers, or neither numbers nor texts.
    """
    if head.titles is not None:
        columns = [np.asarray(data[head.titles[at]].to_numpy()) for at in wanted]
    else:
        array = np.asarray(data.to_numpy() if hasattr(data, "to_numpy") else data)
        columns = [array[:, at] for at in wanted]
    rows = np.arange(1, 1 + len(data))
    numbers: dict[int, NDArray[np.float64]] = {}
    texts: dict[int, NDArray[Any]] = {}
    for at, column in zip(wanted, columns, strict=True):
        values = _numbers(column, head, at)
        if values is None or at in words:
            texts[at] = _texts(column if values is None else values, head, at)
        else:
            numbers[at] = values
    stacked = np.empty((len(rows), len(numbers)))
    for place, values in enumerate(numbers.values()):
        stacked[:, place] = values
    kept = tuple(numbers)
    refuse_unbounded(
        head, stacked, lambda row, place: (row + 1, kept[place], str(stacked[row, place]))
    )
    block = Block(rows, stacked, texts)
    return Sheet(head, Picked(tuple(texts), kept), iter([block]), Decimal(head))


def head_of(data: Any, name: str) -> Head:
    """The head of a data frame or of an array of rows (n, K)."""
    titles = titles_of(data)
    return Head(name, int(np.shape(data)[1]), titles, "row")


def encoded_rows(
    data: Any, columns: Columns, inputs: int, tally: Tally, name: str = "X"
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Encode a data frame, or rows in an array, as features (n, I), as in training.

    Returns:
        The features, NaN if a number is missing, and which rows (n,) lack a cell.

    Raises:
        DataError: a column is missing, or holds something other than in training.
    """
    head = head_of(data, name)
    found = Found.of(head, columns, inputs)
    sheet = sheet_of(data, head, found.features, found.words)
    encoder = Encoder(sheet, columns, found.features, inputs, tally)
    (block,) = sheet.blocks
    features, lacking = encoder.encode(block)
    sheet.decimal.require_plain()
    return features.astype(np.float64, copy=False), lacking


@dataclass(frozen=True, slots=True, eq=False)
class FrameRows:
    """Rows with missing numbers or words, and their labels or targets."""

    name: str  # name of the rows in messages
    rows: Any  # (n, K), a data frame or an array
    targets: Targets  # m of them, for the rows that have one
    kept: NDArray[np.bool_]  # (n,) which rows have one
    weights: NDArray[np.float32] | None = None  # (m,) their weights


def dataset_of_frames(
    parts: Mapping[Part, FrameRows], name: str, options: TableOptions, notice: str | None
) -> Dataset:
    """Make a dataset of rows with missing numbers or words.

    Args:
        parts: the rows, ``train`` among them.
        name: name of the dataset.
        options: the user's choices about the columns.
        notice: what the user should already know.

    Raises:
        DataError: a column cannot be a feature, or rows and labels do not fit together.
    """
    columns, inputs, notices = _learned(parts["train"], options)
    tally, lost = Tally(), 0
    features: dict[Part, NDArray[np.float64]] = {}
    targets: dict[Part, Targets] = {}
    weights: dict[Part, NDArray[np.float32] | None] = {}
    for part, one in parts.items():
        known = Tally() if part == "train" else tally
        encoded, lacking = encoded_rows(one.rows, columns, inputs, known, one.name)
        if len(encoded) != len(one.kept):
            raise DataError(
                f"{one.targets.name} holds {len(one.kept):,} rows but {one.name} "
                f"{len(encoded):,}; give arrays that belong together"
            )
        whole = np.ones(len(one.targets.values), np.bool_)
        if options.missing == "drop":
            whole = ~lacking[one.kept]
        if not whole.any():
            raise DataError(f"every row of {one.name} lacks a cell, so none is left; fill some in")
        lost += int((~whole).sum())
        features[part] = encoded[one.kept][whole]
        targets[part] = one.targets.where(whole)
        weights[part] = None if one.weights is None else one.weights[whole]
    dropped = f"{lost:,} {'rows lack a cell and are' if lost > 1 else 'row lacks a cell and is'}"
    if options.missing == "drop":
        tally = replace(tally, filled=0, blank=0)  # the rows are named by number instead
    typed = as_features(tuple(features.values()), grey=False)
    return assembled(
        dict(zip(features, typed, strict=True)),
        targets,
        typed[0].shape[1:],
        name=name,
        source=f"{name} in memory",
        notice=joined(
            notice,
            *notices,
            f"{dropped} left out" if lost else None,
            tally.notice,
        ),
        columns=columns,
        weights=weights,
    )


def _learned(train: FrameRows, options: TableOptions) -> tuple[Columns, int, tuple[str, ...]]:
    """What the columns of training rows become, the number of features, and notices."""
    head = head_of(train.rows, train.name)
    left_out = {named_column(head, name, "ignore") for name in options.ignore}
    wanted = [at for at in range(head.columns) if at not in left_out]
    table = Table.of(sheet_of(train.rows, head, wanted))
    titles, count = head.titles, head.columns
    learned = learn_columns(table, wanted, {}, options)
    columns = Columns(
        features=None if titles is None else tuple(titles[at] for at in learned.sources),
        label=None,
        place=count,
        index=False,
        grey=False,
        ignored=tuple(at for at in range(count) if at not in learned.sources),
        encodings=learned.encodings,
        missing=options.missing,
    )
    if not learned.sources:
        raise DataError(
            f"{train.name} holds no column that can be a feature; give numbers, or words that recur"
        )
    return columns, columns.inputs(len(learned.sources)), learned.notices


def _numbers(column: NDArray[Any], head: Head, at: int) -> NDArray[np.float64] | None:
    """A column (n,) as numbers, NaN if missing; ``None`` if it holds texts."""
    kind = column.dtype.kind
    if column.ndim > 1 or (kind == "O" and any(map(_is_list, column.tolist()))):
        raise DataError(
            f"{head.column(at)} of {head.name} holds lists, wanted numbers or texts; give each of "
            "their items a column of its own"
        )
    if kind in "biuf":
        return column.astype(np.float64)
    if kind in "mM":
        given = np.flatnonzero(~np.isnat(column))
        first = int(given[0]) if len(given) else 0
        raise date_refused(head, at, first + 1, str(column[first]))
    if kind in "OUT":
        items = column.tolist()
        if any(isinstance(item, str | bytes) for item in items):
            return None
        try:
            return np.array([np.nan if is_gap(item) else float(item) for item in items], np.float64)
        except (TypeError, ValueError):
            return None
    raise DataError(
        f"{head.column(at)} of {head.name} is of type {column.dtype}, wanted numbers or texts"
    )


def _is_list(item: Any) -> bool:
    return hasattr(item, "__len__") and not isinstance(item, str | bytes)


def _texts(column: NDArray[Any], head: Head, at: int) -> NDArray[Any]:
    """A column (n,) as texts, empty if missing."""
    try:
        return np.array([_text(item).strip() for item in column.tolist()], TEXT)
    except TypeError as error:  # an invalid character, or half a surrogate pair
        raise DataError(f"{head.column(at)} of {head.name} holds damaged text") from error


def _text(item: Any) -> str:
    if is_gap(item):
        return ""
    if isinstance(item, bytes):
        return item.decode("utf-8", "replace")
    return str(int(item)) if isinstance(item, float) and item.is_integer() else str(item)
