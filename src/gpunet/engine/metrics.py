"""What an engine sums up of the samples that its networks see, and the means of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Metrics"]

ROUNDING = 1e-6
"""A sum of weights in float32 may differ from their sum in float64 by such a share."""


@dataclass(frozen=True, slots=True, eq=False)
class Metrics:
    """Sums over the samples seen so far.

    Args:
        loss: (P,) float64, the sum of what the samples cost by the network's loss.
        correct: (P,) samples whose class, or all of whose labels, are answered correctly; where
            samples have weights, the sum of theirs. None are where targets are measured.
        seen: (P,) int64, samples counted.
        squared: (P,) float64, the sum of the squared errors of all measured targets.
        weight: (P,) float64, the sum of the weights of the samples counted; ``None`` where samples
            have none.
    """

    loss: NDArray[np.float64]
    correct: NDArray[np.int64] | NDArray[np.float64]
    seen: NDArray[np.int64]
    squared: NDArray[np.float64]
    weight: NDArray[np.float64] | None = None

    @classmethod
    def none(cls, population: int) -> Metrics:
        """The metrics of networks that have seen nothing yet."""
        nothing, zero = np.zeros(population, np.int64), np.zeros(population)
        return cls(zero, nothing, nothing, zero)

    def __add__(self, other: Metrics) -> Metrics:
        """The metrics of what was seen in one stretch and then in another."""
        return Metrics(
            self.loss + other.loss,
            self.correct + other.correct,
            self.seen + other.seen,
            self.squared + other.squared,
            None if self.weight is other.weight is None else self._counted + other._counted,
        )

    def since(self, earlier: Metrics) -> Metrics:
        """The metrics of what was seen after those that are a part of these."""
        weight = None if self.weight is earlier.weight is None else self._counted - earlier._counted
        with np.errstate(invalid="ignore"):  # infinite sums of a run that has diverged
            loss, squared = self.loss - earlier.loss, self.squared - earlier.squared
        correct, seen = self.correct - earlier.correct, self.seen - earlier.seen
        return Metrics(loss, correct, seen, squared, weight)

    def of(self, networks: Sequence[int]) -> Metrics:
        """The metrics of these networks alone."""
        own = list(networks)
        weight = None if self.weight is None else self.weight[own]
        return Metrics(self.loss[own], self.correct[own], self.seen[own], self.squared[own], weight)

    @property
    def _counted(self) -> NDArray[Any]:
        """(P,) what the samples seen count in all."""
        return self.seen if self.weight is None else self.weight

    def _mean(self, sums: NDArray[Any]) -> NDArray[np.float64]:
        """(P,) the weighted mean of what was summed; NaN where nothing was seen."""
        counted = np.where(self._counted > 0, self._counted, self.seen)
        none = np.full(len(sums), np.nan)
        return np.asarray(np.divide(sums, counted, out=none, where=self.seen > 0))

    @property
    def mean_loss(self) -> NDArray[np.float64]:
        """(P,) the mean loss; NaN where nothing was seen."""
        return self._mean(self.loss)

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """(P,) the fraction that is right; NaN where nothing was seen.

        With weights, a share that is 1 but for their rounding is 1.
        """
        share = self._mean(self.correct)
        return share if self.weight is None else np.where(share > 1 - ROUNDING, 1, share)

    @property
    def mean_squared(self) -> NDArray[np.float64]:
        """(P,) the mean squared error, summed over the targets; NaN where nothing was seen."""
        return self._mean(self.squared)
