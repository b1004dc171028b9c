"""The targets in an array: classes, labels of 0 or 1, or measured targets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config.choices import Kind
from gpunet.datasets.blocks import row_blocks
from gpunet.datasets.readers.labels import TEXT, RawLabels
from gpunet.datasets.readers.targets import Targets, are_binary, are_measured, raw_targets
from gpunet.errors import DataError, spelled

__all__ = [
    "are_one_hot",
    "kind_of_array",
    "raw_classes",
    "target_names",
    "targets_of",
    "told_kind",
]


def kind_of_array(values: NDArray[Any]) -> Kind:
    """The kind of targets in an array (n,), (n, 1) or (n, T), guessed from its values.

    Fractions are measured, and so are whole numbers that hardly recur. One-hot rows are classes;
    other rows of 0 and 1 are labels, any number per sample.
    """
    if values.dtype.kind not in "biuf" or values.ndim not in (1, 2) or not values.size:
        return "classes"
    if values.ndim == 2 and values.shape[1] > 1:
        if are_one_hot(values):
            return "classes"
        return "labels" if are_binary(values) else "measured"
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        return "measured" if np.isfinite(values).any() and not _are_whole(values) else "classes"
    return "measured" if are_measured(*np.unique(values, return_counts=True)) else "classes"


def told_kind(values: NDArray[Any], kind: Kind) -> str | None:
    """A notice about the guessed kind of an array, unless it is obvious."""
    if kind == "measured" and _are_whole(values):
        return (
            f"y holds {len(np.unique(values)):,} different whole numbers, which are taken as "
            f"measured ({spelled('loss', 'cross-entropy')} takes them as classes)"
        )
    if kind == "labels":
        return f"each row of y is taken for {values.shape[1]:,} labels of 0 or 1"
    return None


def target_names(given: Any, values: NDArray[Any], kind: Kind) -> tuple[str, ...]:
    """The names of the targets; empty for classes.

    Args:
        given: the object that holds them; a data frame or a series has titles for them.
        values: the same (n,) or (n, T) as an array.
        kind: kind of targets.
    """
    if kind == "classes":
        return ()
    count = values.shape[1] if values.ndim > 1 else 1
    titles = tuple(getattr(given, "columns", (getattr(given, "name", None),)))
    if len({*titles}) == count and all(isinstance(title, str) and title for title in titles):
        return titles
    word = "target" if kind == "measured" else "label"
    return (word,) if count == 1 else tuple(f"{word} {number}" for number in range(1, 1 + count))


def targets_of(
    values: NDArray[Any], name: str, kind: Kind, titles: tuple[str, ...] = ()
) -> Targets:
    """Read the targets in an array (n,) or (n, T).

    Args:
        values: numbers of any type, or texts that name classes.
        name: name of the array in messages.
        kind: kind of targets.
        titles: (T,) names of the targets.

    Raises:
        DataError: a value is not a number although one is needed, or the numbers of targets and
            titles differ.
    """
    if kind == "classes":
        return raw_classes(values, name)
    if values.dtype.kind not in "biuf":
        raise DataError(
            f"{name} holds {values.reshape(-1)[0]!s:.40}, wanted numbers for "
            f"{'measured targets' if kind == 'measured' else 'labels of 0 or 1'}; convert it, or "
            "take a loss for classes"
        )
    rows = values.reshape(len(values), -1)
    if rows.shape[1] != len(titles):
        raise DataError(
            f"{name} holds {rows.shape[1]:,} targets, wanted {len(titles):,}; make both alike"
        )
    return raw_targets(name, rows, titles, kind)


def raw_classes(array: NDArray[Any], name: str) -> RawLabels:
    """The labels in an array: (n,) or (n, 1) of numbers or texts, or one-hot rows (n, C)."""
    values = array.argmax(axis=1) if are_one_hot(array) else array.reshape(-1)  # (n,)
    if values.dtype.kind == "S":
        values = np.strings.decode(values, "utf-8", "replace")
    if values.dtype.kind == "b":
        values = values.astype(np.int64)
    if values.dtype.kind == "U":
        try:
            values = values.astype(TEXT)
        except TypeError as error:  # an invalid character, or half a surrogate pair
            raise DataError(f"{name} holds damaged text; write it again") from error
    return RawLabels(name, values, range(1, len(values) + 1))


def are_one_hot(labels: NDArray[Any]) -> bool:
    """Whether labels (n, C) are rows of zeros with a single 1."""
    if labels.ndim != 2 or labels.shape[1] < 2 or labels.dtype.kind not in "biuf":
        return False
    return are_binary(labels) and all(
        (np.count_nonzero(labels[rows], axis=1) == 1).all() for rows in row_blocks(labels)
    )


def _are_whole(values: NDArray[Any]) -> bool:
    """Whether all finite values are whole numbers."""
    finite = values[np.isfinite(values)]
    return bool((finite == np.rint(finite)).all())
