"""Measured targets and labels of 0 or 1, and the rules that tell them from classes."""

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
"""Next to ``FEW`` whole numbers, fractions in at most one of this many samples are mistakes."""


@dataclass(frozen=True, slots=True, eq=False)
class RawTargets:
    """Numbers to predict.

    Args:
        name: name of the file or the array.
        values: (n, T) float64, all finite in float32.
        titles: (T,) names of the targets.
        kind: ``measured``, or ``labels`` if every value is 0 or 1.
    """

    name: str
    values: NDArray[np.float64]
    titles: tuple[str, ...]
    kind: Kind

    def __len__(self) -> int:
        return len(self.values)

    def where(self, rows: NDArray[np.bool_]) -> RawTargets:
        """The targets of some rows."""
        return replace(self, values=self.values[rows])


Targets = RawLabels | RawTargets
"""What to predict for each sample: its class, or numbers."""


def are_measured(different: NDArray[Any], counts: NDArray[np.integer]) -> bool:
    """Guess whether numbers are measured values rather than classes.

    Fractions are measured, unless only a few occur among the whole numbers of a few classes, by
    mistake. More than ten whole numbers are measured if they hardly recur and have gaps, or are too
    many for classes.

    Args:
        different: (k,) unique values in ascending order, finite.
        counts: (k,) number of times that each occurs.
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
    """Make targets of an array (n, T) of numbers.

    Raises:
        DataError: a value is not finite in float32, or is a label but neither 0 nor 1.
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
    """A notice about rows without a label or target."""
    what = "target" if kind == "measured" else "label"
    return f"{count:,} {'rows' if count > 1 else 'row'} without a {what} left out"


def _refused(name: str, title: str, row: int, value: float, kind: Kind) -> DataError:
    """The error for a number that is not a valid target."""
    seen = f"{title} in row {row + 1:,} of {name} is {value:g}"
    if kind == "labels":
        return DataError(
            f"{seen}, wanted 0 or 1 for a label; give {spelled('loss', 'squared-error')} if it is "
            "measured"
        )
    if np.isfinite(value):
        return DataError(f"{seen}, {TOO_LARGE}")
    return DataError(f"{seen}, wanted a finite number; fill it in or leave the row out")
