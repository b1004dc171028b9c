"""Metrics: an engine's sums over the samples that its networks see, and their means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Metrics"]

ROUNDING = 1e-6
"""The share by which a float32 sum of weights may differ from their float64 sum."""


@dataclass(frozen=True, slots=True, eq=False)
class Metrics:
    """Sums over the samples seen so far.

    Args:
        loss: (P,) float64, the sum of the samples' losses.
        correct: (P,) samples whose class, or all of whose labels, are predicted correctly; if
            samples have weights, the sum of those weights. It is 0 for measured targets.
        seen: (P,) int64, the number of samples.
        squared: (P,) float64, the sum of the squared errors of all measured targets.
        weight: (P,) float64, the sum of the samples' weights; ``None`` if they have none.
    """

    loss: NDArray[np.float64]
    correct: NDArray[np.int64] | NDArray[np.float64]
    seen: NDArray[np.int64]
    squared: NDArray[np.float64]
    weight: NDArray[np.float64] | None = None

    @classmethod
    def none(cls, population: int) -> Metrics:
        """The metrics of networks that have seen no samples yet."""
        nothing, zero = np.zeros(population, np.int64), np.zeros(population)
        return cls(zero, nothing, nothing, zero)

    def __add__(self, other: Metrics) -> Metrics:
        """The metrics of the samples of both."""
        return Metrics(
            self.loss + other.loss,
            self.correct + other.correct,
            self.seen + other.seen,
            self.squared + other.squared,
            None if self.weight is other.weight is None else self._counted + other._counted,
        )

    def since(self, earlier: Metrics) -> Metrics:
        """The metrics of the samples that were seen after ``earlier``."""
        weight = None if self.weight is earlier.weight is None else self._counted - earlier._counted
        with np.errstate(invalid="ignore"):  # infinite sums of a run that has diverged
            loss, squared = self.loss - earlier.loss, self.squared - earlier.squared
        correct, seen = self.correct - earlier.correct, self.seen - earlier.seen
        return Metrics(loss, correct, seen, squared, weight)

    def of(self, networks: Sequence[int]) -> Metrics:
        """The metrics of only these networks."""
        own = list(networks)
        weight = None if self.weight is None else self.weight[own]
        return Metrics(self.loss[own], self.correct[own], self.seen[own], self.squared[own], weight)

    @property
    def _counted(self) -> NDArray[Any]:
        """(P,) the total weight of the samples, or their number if they have no weights."""
        return self.seen if self.weight is None else self.weight

    def _mean(self, sums: NDArray[Any]) -> NDArray[np.float64]:
        """(P,) the weighted mean of these sums; NaN where nothing was seen."""
        counted = np.where(self._counted > 0, self._counted, self.seen)
        none = np.full(len(sums), np.nan)
        return np.asarray(np.divide(sums, counted, out=none, where=self.seen > 0))

    @property
    def mean_loss(self) -> NDArray[np.float64]:
        """(P,) the mean loss; NaN where nothing was seen."""
        return self._mean(self.loss)

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """(P,) the fraction of correct predictions; NaN where nothing was seen.

        A weighted fraction that differs from 1 only by rounding is 1.
        """
        share = self._mean(self.correct)
        return share if self.weight is None else np.where(share > 1 - ROUNDING, 1, share)

    @property
    def mean_squared(self) -> NDArray[np.float64]:
        """(P,) the mean squared error, summed over the targets; NaN where nothing was seen."""
        return self._mean(self.squared)
