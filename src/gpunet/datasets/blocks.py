"""Arrays that may be larger than memory, processed block by block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.mapped import require_whole

__all__ = ["range_of", "row_blocks"]

MOST_ROWS = 4096
MOST_BYTES = 32 << 20
"""Most rows of a block, and most bytes of it in float64, so that temporaries stay small."""


def row_blocks(array: NDArray[Any]) -> Iterator[slice]:
    """The rows (n, ...) of an array as consecutive slices.

    Raises:
        DataError: the array is mapped from a file that has become shorter.
    """
    row = 8 * max(1, array[:1].size)  # bytes
    step = min(MOST_ROWS, max(1, MOST_BYTES // row))
    for first in range(0, len(array), step):
        require_whole(array)
        yield slice(first, first + step)


def range_of(array: NDArray[Any]) -> tuple[float, float]:
    """The smallest and the largest value of a non-empty array (n, I)."""
    ends = [(array[rows].min(), array[rows].max()) for rows in row_blocks(array)]
    lowest, highest = np.array(ends).T
    return float(lowest.min()), float(highest.max())
