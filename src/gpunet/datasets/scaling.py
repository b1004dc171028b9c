"""Standardizes features and measured targets, and fills missing numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.blocks import row_blocks
from gpunet.datasets.dataset import Samples, refuse_unknown_values

__all__ = ["Scaling"]

COLUMN = 1 << 20  # values of a column that are summed at once, so that temporaries stay small

CLIP = 3.0
"""Bound of a robustly scaled feature: x becomes x / sqrt(1 + (x / 3)**2)."""


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """The scaling of float features: to mean 0 and standard deviation 1, or robustly.

    Args:
        mean: (I,) float64, means of the training samples; medians if the scaling is robust.
        deviation: (I,) float64, standard deviations of the training samples, or 1 for a constant
            feature; interquartile ranges if the scaling is robust.
        fill: (I,) float64, replacements for missing values, before scaling; ``None`` for the means.
        clips: whether standardized values are smoothly clipped to below ``CLIP``.
    """

    mean: NDArray[np.floating[Any]]
    deviation: NDArray[np.floating[Any]]
    fill: NDArray[np.floating[Any]] | None = None
    clips: bool = False

    @classmethod
    def of(cls, features: NDArray[Any]) -> Scaling:
        """The scaling that standardizes features (n, I), float32 or float64.

        A feature whose values differ only by rounding counts as constant. Missing values are
        ignored.
        """
        mean = _sum_of(features) / len(features)
        deviation = np.sqrt(_sum_of(features, mean) / len(features))
        for column in np.flatnonzero(np.isnan(mean)):
            present = _present(features[:, column])
            mean[column] = present.mean(dtype=np.float64) if len(present) else 0
            deviation[column] = present.std(dtype=np.float64) if len(present) else 0
        return cls(mean, _divisor(deviation, mean, features.dtype))

    @classmethod
    def robust(cls, features: NDArray[Any]) -> Scaling:
        """The scaling of features (n, I) by medians and interquartile ranges, smoothly clipped.

        If an interquartile range is 0, half the full range is used. Missing values become the mean
        (Holzmueller et al., "Better by Default", 2024, section 3).
        """
        columns = (_present(features[:, column]) for column in range(features.shape[1]))
        facts = np.array([_facts(column) for column in columns]).reshape(-1, 6).T  # (6, I)
        lowest, lower, median, upper, highest, mean = facts
        apart = np.where(upper > lower, upper - lower, highest / 2 - lowest / 2)
        return cls(median, _divisor(apart, median, features.dtype), mean, clips=True)

    def with_median(self, features: NDArray[Any]) -> Scaling:
        """A copy that fills missing numbers with the medians of features (n, I)."""
        columns = (_present(features[:, column]) for column in range(features.shape[1]))
        fill = [float(np.median(present)) if len(present) else 0.0 for present in columns]
        return replace(self, fill=np.array(fill, np.float64))

    def without(self, features: NDArray[np.bool_]) -> Scaling:
        """A copy that fills these features (I,) but does not standardize them."""
        mean, deviation = np.where(features, 0, self.mean), np.where(features, 1, self.deviation)
        return Scaling(mean, deviation, self.filling, self.clips)

    @property
    def filling(self) -> NDArray[np.floating[Any]]:
        """The replacements (I,) for missing values."""
        return self.mean if self.fill is None else self.fill

    def apply(self, samples: Samples, above: int = 0) -> Samples:
        """Fill missing values, standardize samples in float64, and round to float32.

        Args:
            samples: float32 or float64.
            above: number of samples before these, for messages.

        Raises:
            DataError: a value is so far from the training samples that float32 cannot hold it.
        """
        scaled = np.empty(samples.features.shape, np.float32)
        with np.errstate(over="ignore"):
            for rows in row_blocks(samples.features):
                block = samples.features[rows]
                missing = np.isnan(block)
                if missing.any():
                    block = np.where(missing, self.filling, block)
                block = (block - self.mean) / self.deviation
                scaled[rows] = block / np.hypot(1, block / CLIP) if self.clips else block
        refuse_unknown_values(
            scaled,
            lambda row, column: (
                f"feature {column + 1:,} of sample {above + row + 1:,}, once standardized,"
            ),
        )
        return replace(samples, features=scaled)

    def of_targets(self, targets: NDArray[Any]) -> NDArray[np.float32]:
        """Standardize measured targets (n, T) for training."""
        return np.asarray((targets - self.mean) / self.deviation, np.float32)

    def to_features(self, scaled: NDArray[Any]) -> NDArray[np.float64]:
        """Undo the standardization of features (..., I), as exactly as possible."""
        values = scaled.astype(np.float64)
        if self.clips:
            values = values / np.sqrt(np.maximum(1 - (values / CLIP) ** 2, 1e-6))
        return self.to_targets(values)

    def to_targets(self, answers: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Convert standardized outputs (..., T) to the targets' own units."""
        return np.asarray(answers * self.deviation + self.mean)


def _facts(values: NDArray[Any]) -> list[float]:
    """Minimum, quartiles, maximum and mean of values (n,); zeros if there are none."""
    wide = values.astype(np.float64) if len(values) else np.zeros(1)
    return [*np.quantile(wide, (0, 0.25, 0.5, 0.75, 1)), wide.mean()]


def _divisor(
    deviation: NDArray[np.float64], mean: NDArray[np.float64], kind: np.dtype[Any]
) -> NDArray[np.float64]:
    """The deviation (I,) of features of a type; 1 where it is below their rounding error."""
    least = np.finfo(np.float32).tiny  # a network could not use smaller differences
    return np.where(deviation <= np.maximum(np.finfo(kind).eps * np.abs(mean), least), 1, deviation)


def _present(values: NDArray[Any]) -> NDArray[Any]:
    """The values (n,) that are not missing."""
    return np.asarray(values[~np.isnan(values)])


def _sum_of(features: NDArray[Any], mean: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """The sums (I,) over the rows of features (n, I), or of squared distances from a mean.

    Rows are added one after the other, in the same order and with the same bits as numpy's ``mean``
    and ``std`` over axis 0, but without a float64 copy of all rows.
    """
    if features.shape[1] == 1:
        return np.array([_sum_of_column(features[:, 0], mean)])
    if not features.flags.c_contiguous:  # numpy adds in another order
        values = features.astype(np.float64) if mean is None else np.square(features - mean)
        return np.add.reduce(values, axis=0)  # type: ignore[no-any-return]
    total = np.full(features.shape[1], -0.0)  # so that the sum of -0.0 is -0.0
    for rows in row_blocks(features):
        block = features[rows]
        values = np.empty((1 + len(block), len(total)))
        values[0], values[1:] = total, block
        if mean is not None:
            values[1:] -= mean
            np.square(values[1:], out=values[1:])
        total = np.add.reduce(values, axis=0)
    return total


def _sum_of_column(values: NDArray[Any], mean: NDArray[np.float64] | None) -> np.float64:
    """``_sum_of`` for one column (n,), with numpy's pairwise summation."""
    if len(values) <= COLUMN:
        wide = values.astype(np.float64) if mean is None else np.square(values - mean)
        return np.add.reduce(wide)  # type: ignore[no-any-return]
    half = len(values) // 2
    half -= half % 8
    return _sum_of_column(values[:half], mean) + _sum_of_column(values[half:], mean)
