"""The course of a run within its epochs, in bounded memory however long the run is.

Owns how means over stretches of steps are kept, merged and smoothed. Every value stays the exact
mean over the steps of its stretch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LOSS", "RATE", "SCORE", "Course"]

CAPACITY = 4096
"""Most stretches kept; even the last tenth of them is more than a chart has dots."""

BEGIN, END, LOSS, SCORE, RATE = range(5)
"""The columns of a course."""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Loss, score and learning rate, each a mean over a stretch of steps.

    Args:
        stretches: (n, 5) begin and end in epochs since the run's start, loss, score and learning
            rate; NaN for unknown values.

    Example:
        >>> course = Course().followed_by(0.0, 0.5, 2.0, 0.4, 0.01)
        >>> course = course.followed_by(0.5, 1.0, 1.0, 0.6, 0.01)
        >>> course.end, course.stretches[:, 2].tolist()
        (1.0, [2.0, 1.0])
    """

    stretches: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 5)))

    @property
    def end(self) -> float:
        """Where the course ends, in epochs."""
        return float(self.stretches[-1, END]) if len(self.stretches) else 0.0

    def followed_by(
        self, begin: float, end: float, loss: float, score: float | None, rate: float | None
    ) -> Course:
        """The course with another stretch added; neighbors are merged once there are too many."""
        row = [begin, end, loss, *(math.nan if one is None else one for one in (score, rate))]
        kept = self.stretches if len(self.stretches) < CAPACITY else _merged(self.stretches)
        return Course(np.vstack([kept, row]))

    def until(self, end: float) -> Course:
        """The course up to ``end``, in epochs, where a resumed run continues."""
        return Course(self.stretches[self.stretches[:, END] <= end + 1e-9])

    def curve(
        self, column: int, x_range: tuple[float, float], places: int, *smoothing: float
    ) -> tuple[NDArray[np.float64], ...]:
        """The positions (m,) of a curve's points, and their values (m,) for each smoothing.

        m is at most ``places``. Without a smoothing, the values are not smoothed.

        Args:
            column: ``LOSS``, ``SCORE`` or ``RATE``.
            x_range: the range, in epochs.
            places: number of equal parts of the range; each has one mean over its steps.
            smoothing: share of the range, on either side of a place, over which to take the mean.
        """
        middle = self.stretches[:, :2].mean(axis=1)  # (n,)
        values = self.stretches[:, column]
        lowest, highest = x_range
        shown = (middle >= lowest) & (middle <= highest) & ~np.isnan(values)
        middle, values = middle[shown], np.clip(values[shown], -LARGEST, LARGEST)
        steps = (self.stretches[:, END] - self.stretches[:, BEGIN])[shown]
        place = ((middle - lowest) / (highest - lowest) * places).astype(int).clip(0, places - 1)
        counts, sums, positions = (
            np.bincount(place, weights=each, minlength=places)
            for each in (steps, steps * values, steps * middle)
        )
        there = np.flatnonzero(counts)
        x = positions[there] / counts[there]
        halves = [math.ceil(each * places) for each in smoothing or (0.0,)]
        around = [[_summed_around(each, there, half) for each in (sums, counts)] for half in halves]
        return x, *(summed / counted for summed, counted in around)


LARGEST = 1e290
"""Values are clipped to this size, so that sums stay finite."""


def _merged(stretches: NDArray[np.float64]) -> NDArray[np.float64]:
    """Merge every two neighbors, (2n, 5) to (n, 5), into the mean over the steps of both."""
    first, second = stretches[::2], stretches[1::2]
    steps = np.stack([one[:, END] - one[:, BEGIN] for one in (first, second)])  # (2, n)
    share = (steps[0] / steps.sum(axis=0))[:, None]
    with np.errstate(invalid="ignore"):  # if both are infinite
        merged: NDArray[np.float64] = share * first + (1 - share) * second
    merged[:, BEGIN], merged[:, END] = first[:, BEGIN], second[:, END]
    return merged


def _summed_around(
    values: NDArray[Any], places: NDArray[np.intp], half: int
) -> NDArray[np.float64]:
    """The sums (m,) of values (p,) within ``half`` places around each of ``places`` (m,).

    Near the beginning, fewer places are summed, as many on either side as there are before, so
    that a steep fall is not drawn too low.
    """
    reach = np.minimum(places - places[:1], half)
    ends = np.stack([places - reach, np.minimum(places + reach + 1, len(values))], axis=1)
    sums: NDArray[np.float64] = np.add.reduceat(np.append(values, 0.0), ends.ravel())
    return sums[::2]
