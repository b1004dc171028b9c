"""Connected pieces of a mask, in numpy.

Adjacent pixels of a row are a run; runs in adjacent rows that touch, even at corners, are in one
piece. Memory and time grow linearly with the number of pixels, whatever the mask shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mask", "Numbers", "Pieces", "find_pieces", "joined", "run_lengths"]

Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Pieces:
    """The connected pieces of a mask; each array (pieces,) has an entry for every piece.

    ``right`` and ``bottom`` are exclusive; ``contact`` counts pixels on the mask's border.
    """

    shape: tuple[int, int]
    starts: Numbers  # (runs,) begin and end of each run, as positions along the padded rows
    stops: Numbers
    of_run: Numbers  # (runs,) piece of each run
    area: Numbers
    left: Numbers
    top: Numbers
    right: Numbers
    bottom: Numbers
    contact: Numbers

    @property
    def height(self) -> Numbers:
        """Height of each piece in pixels."""
        return self.bottom - self.top

    @property
    def width(self) -> Numbers:
        """Width of each piece in pixels."""
        return self.right - self.left

    @property
    def extent(self) -> Numbers:
        """Longer side of each piece in pixels."""
        return np.maximum(self.height, self.width)

    def drawn(self, chosen: Mask) -> Mask:
        """The mask (height, width) of the chosen pieces (pieces,)."""
        height, width = self.shape
        runs = chosen[self.of_run]
        steps = np.zeros(height * (width + 1), np.int8)
        steps[self.starts[runs]] = 1
        steps[self.stops[runs]] -= 1
        inside: Mask = steps.cumsum(dtype=np.int8).reshape(height, width + 1)[:, :-1] > 0
        return inside


def find_pieces(mask: Mask) -> Pieces:
    """The connected pieces of a mask (height, width); corners connect."""
    height, width = mask.shape
    starts, stops = _runs(mask)
    of_run = joined(len(starts), *_touching(starts, stops, width + 1))
    count = int(of_run.max(initial=-1)) + 1
    rows, columns = np.divmod(starts, width + 1)
    ends = stops - rows * (width + 1)
    lengths = stops - starts
    sides = (columns == 0).astype(np.int64) + (ends == width)
    on_border = np.where((rows == 0) | (rows == height - 1), lengths, sides)

    def total(values: Numbers) -> Numbers:
        return np.bincount(of_run, values, count).astype(np.int64)

    def least(values: Numbers) -> Numbers:
        lowest = np.full(count, np.iinfo(np.int64).max)
        np.minimum.at(lowest, of_run, values)
        return lowest

    return Pieces(
        shape=(height, width),
        starts=starts,
        stops=stops,
        of_run=of_run,
        area=total(lengths),
        left=least(columns),
        top=least(rows),
        right=-least(-ends),
        bottom=-least(-rows) + 1,
        contact=total(on_border),
    )


def joined(count: int, first: Numbers, second: Numbers) -> Numbers:
    """Number the connected components: for each of ``count`` items its component (count,), from 0.

    Each round attaches at least half of the unfinished trees to another, so the number of rounds
    grows with the logarithm of the count.
    """
    root = np.arange(count)
    while True:
        one, other = root[first], root[second]
        if np.array_equal(one, other):
            return np.unique(root, return_inverse=True)[1].astype(np.int64)
        np.minimum.at(root, np.maximum(one, other), np.minimum(one, other))
        while not np.array_equal(root[root], root):
            root = root[root]


def run_lengths(mask: Mask) -> Numbers:
    """The length of each pixel's run in its row (height, width); 0 outside of the mask."""
    starts, stops = _runs(mask)
    lengths = np.zeros(mask.shape, np.int64)
    lengths[mask] = np.repeat(stops - starts, stops - starts)
    return lengths


def _runs(mask: Mask) -> tuple[Numbers, Numbers]:
    """Begin and end (runs,) of the runs, in rows that are padded with an empty pixel."""
    padded = np.zeros((mask.shape[0], mask.shape[1] + 1), np.int8)
    padded[:, :-1] = mask
    steps = np.diff(padded.reshape(-1), prepend=0)
    return np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)


def _touching(starts: Numbers, stops: Numbers, row: int) -> tuple[Numbers, Numbers]:
    """The pairs (upper, lower) of runs that touch, in rows of this length."""
    first = np.searchsorted(stops, starts + row, "left")
    count = np.searchsorted(starts, stops + row, "right") - first
    upper = np.repeat(np.arange(len(starts)), count)
    before = count.cumsum() - count  # number of pairs before those of each run
    lower = np.arange(len(upper)) + np.repeat(first - before, count)
    return upper, lower
