"""Measured targets and labels of 0 or 1, as they are read, and what tells them from classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config import LARGEST_NUMBER
from gpunet.config.choices import Kind
from gpunet.datasets.blocks import row_blocks
from gpunet.datasets.dataset import TOO_LARGE
from gpunet.datasets.readers.labels import FEW, FEW_CLASSES, SAMPLES_PER_CLASS, RawLabels
from gpunet.errors import DataError, spelled

__all__ = [
    "RawTargets",
    "Targets",
    "are_binary",
    "are_measured",
    "raw_targets",
    "without_targets",
]

MISTAKES = 10
"""One part of so many samples that have a fraction, beside ``FEW`` whole numbers, is a mistake."""


@dataclass(frozen=True, slots=True, eq=False)
class RawTargets:
    """Numbers to be predicted.

    Args:
        name: of the file or the array.
        values: (n, T) float64, all of them finite in float32.
        titles: (T,) what the targets are called.
        kind: ``measured``, or ``labels`` where every value is 0 or 1.
    """

    name: str
    values: NDArray[np.float64]
    titles: tuple[str, ...]
    kind: Kind

    def __len__(self) -> int:
        return len(self.values)

    def where(self, rows: NDArray[np.bool_]) -> RawTargets:
        """Those of some rows."""
        return replace(self, values=self.values[rows])


Targets = RawLabels | RawTargets
"""What is to be predicted of each sample: its class, or numbers."""


def are_measured(different: NDArray[Any], counts: NDArray[np.integer]) -> bool:
    """Whether numbers are measured values rather than classes, as far as they tell it.

    Fractions are, unless a few stand among the whole numbers of a few classes, by mistake. So are
    more than ten whole numbers that hardly recur and leave out others between them, or are too
    many for classes.

    Args:
        different: (k,) the different values in ascending order, finite.
        counts: (k,) how often each of them occurs.
    """
    count = int(counts.sum())
    fractions = different != np.rint(different)
    if fractions.any():
        are_few = MISTAKES * counts[fractions].sum() < count
        return not (are_few and np.count_nonzero(~fractions) <= FEW)
    if len(different) <= FEW or SAMPLES_PER_CLASS * len(different) <= count:
        return False
    span = float(different[-1]) - float(different[0])
    return span >= len(different) or len(different) > FEW_CLASSES


def are_binary(values: NDArray[Any]) -> bool:
    """Whether all values of an array of numbers (n, ...) are 0 or 1."""
    blocks = (values[rows] for rows in row_blocks(values))
    return all(bool(((block == 0) | (block == 1)).all()) for block in blocks)


def raw_targets(name: str, values: NDArray[Any], titles: tuple[str, ...], kind: Kind) -> RawTargets:
    """The targets in an array (n, T) of numbers.

    Raises:
        DataError: one is no finite number in float32, or is no 0 or 1 though it is a label.
    """
    for rows in row_blocks(values):
        block = np.asarray(values[rows], np.float64)
        with np.errstate(invalid="ignore"):
            wrong = ~(np.abs(block) <= LARGEST_NUMBER)
            if kind == "labels":
                wrong |= (block != 0) & (block != 1)
        if wrong.any():
            row, column = map(int, np.argwhere(wrong)[0])
            raise _refused(name, titles[column], rows.start + row, float(block[row, column]), kind)
    return RawTargets(name, np.asarray(values, np.float64), titles, kind)


def without_targets(count: int, kind: Kind) -> str:
    """The notice of so many rows that lack what is to be predicted."""
    what = "target" if kind == "measured" else "label"
    return f"{count:,} {'rows' if count > 1 else 'row'} without a {what} left out"


def _refused(name: str, title: str, row: int, value: float, kind: Kind) -> DataError:
    """The error for a number that is no target."""
    seen = f"{title} in row {row + 1:,} of {name} is {value:g}"
    if kind == "labels":
        return DataError(
            f"{seen}, wanted 0 or 1 for a label; give {spelled('loss', 'squared-error')} if it is "
            "measured"
        )
    if np.isfinite(value):
        return DataError(f"{seen}, {TOO_LARGE}")
    return DataError(f"{seen}, wanted a finite number; fill it in or leave the row out")
