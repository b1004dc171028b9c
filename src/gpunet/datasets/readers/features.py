"""Chooses the type of features in a dataset: bytes for gray levels, floats for everything else."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.blocks import range_of, row_blocks
from gpunet.datasets.spool import converted

__all__ = [
    "SMALLEST_SIDE",
    "as_features",
    "as_gray_levels",
    "guess_image_shape",
    "highest_gray_level",
    "is_number",
    "is_numeric",
    "is_square",
]

COMMA_NUMBER = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?", re.ASCII)
GREY_MAXIMUM = 255
DARKEST_IMAGES = 127
"""Whole numbers up to this are counts, codes or flags rather than gray levels, because images have
bright places. As bytes they would be divided by 255 and become tiny."""

SMALLEST_SIDE = 8  # pixels; fewer features than 8 x 8 are a table
ROUNDING = 1e-3
"""Largest error, in gray levels, when a fraction is multiplied by 255: that of float32, or of a
text with six decimals."""

MOST_DEVIATIONS = 2048
"""Standard deviations from 0 up to which float32 is precise enough: its 24 bits move a value by at
most 1/8192 of a deviation, which no training notices. Times in seconds since 1970 that differ by
minutes lie farther out; they stay float64, with twice the memory, until they are standardized."""


def as_features(arrays: tuple[NDArray[Any], ...], *, grey: bool) -> tuple[NDArray[Any], ...]:
    """Convert the features of all sets to the same type.

    They become uint8 if they may be gray levels and all are whole, from 0 to 255, with some above
    127; else float32, or float64 if float32 would round away differences within a feature.

    Args:
        arrays: (n, I) each, no value infinite; the training set first.
        grey: whether the columns may be the pixels of an image.

    Returns:
        The arrays (n, I), all of one type.
    """
    if grey and highest_gray_level(arrays) > DARKEST_IMAGES:
        return tuple(converted(array, np.uint8) for array in arrays)
    kind = np.float32 if _suits_float32(arrays[0]) else np.float64
    return tuple(converted(array, kind) for array in arrays)


def as_gray_levels(
    arrays: tuple[NDArray[np.uint8] | NDArray[np.float32], ...],
    image_shape: tuple[int, int] | None,
) -> tuple[NDArray[np.uint8] | NDArray[np.float32], ...]:
    """Convert images of bytes divided by 255 back to bytes; return anything else unchanged.

    Args:
        arrays: (n, I) each, uint8 or float32, all values finite.
        image_shape: height and width if the features are images, else ``None``.
    """
    if image_shape is None or not all(map(_are_shares_of_255, arrays)):
        return arrays
    return tuple(converted(array, np.uint8, _levels) for array in arrays)


def is_number(text: str) -> bool:
    """Whether numpy reads a cell's text as a number; NaN and infinity count."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text and text.strip().isascii()  # numpy reads neither 1_000 nor other digits


def is_numeric(cell: str) -> bool:
    """Whether a cell's text is a number with a decimal point or a decimal comma."""
    return is_number(cell) or COMMA_NUMBER.fullmatch(cell.strip()) is not None


def guess_image_shape(features: NDArray[Any]) -> tuple[int, int] | None:
    """Height and width if the features (n, I) look like square gray images, else ``None``.

    They do if I is a square of at least 8 x 8 and the values are bytes, lie from 0 to 1, or reach
    from -1 to 1.
    """
    if not is_square(features.shape[1]):
        return None
    side = math.isqrt(features.shape[1])
    if features.dtype == np.uint8:
        return side, side
    lowest, highest = range_of(features)
    is_image = 0 <= lowest <= highest <= 1 or (lowest, highest) == (-1, 1)
    return (side, side) if is_image else None


def _levels(shares: NDArray[Any]) -> NDArray[np.uint8]:
    """Fractions of 255 as bytes."""
    return np.rint(255 * shares.astype(np.float64)).astype(np.uint8)


def _are_shares_of_255(array: NDArray[Any]) -> bool:
    """Whether all values (n, I) are whole numbers from 0 to 255, divided by 255."""
    for rows in row_blocks(array):
        levels = 255 * array[rows].astype(np.float64)
        if levels.min() < 0 or levels.max() > GREY_MAXIMUM:
            return False
        if (np.abs(levels - np.rint(levels)) > ROUNDING).any():
            return False
    return True


def is_square(features: int) -> bool:
    """Whether this number of features may be the pixels of a square image of at least 8 x 8."""
    side = math.isqrt(features)
    return side * side == features and side >= SMALLEST_SIDE


def _suits_float32(features: NDArray[Any]) -> bool:
    """Whether float32 is precise enough for the differences within each feature (n, I).

    Missing values are ignored.
    """
    if features.dtype in (np.uint8, np.float32) or not len(features):
        return True
    width = features.shape[1]
    middle = np.full(width, np.nan)  # subtract one value of each feature, against cancellation
    largest, counts, sums, squares = (np.zeros(width) for _ in range(4))
    with np.errstate(over="ignore"):
        for rows in row_blocks(features):
            block = features[rows].astype(np.float64)  # (rows, I)
            known = ~np.isnan(block)
            first = block[known.argmax(axis=0), np.arange(width)]
            middle = np.where(np.isnan(middle), first, middle)
            np.fmax(largest, np.fmax.reduce(np.abs(block), axis=0), out=largest)
            block = np.where(known, block - middle, 0)
            counts += known.sum(axis=0)
            sums += block.sum(axis=0)
            squares += np.square(block).sum(axis=0)
        counts = np.maximum(counts, 1)
        variance = squares / counts - np.square(sums / counts)
    differ = squares > 0
    return bool((largest <= MOST_DEVIATIONS * np.sqrt(np.maximum(variance, 0)))[differ].all())


def highest_gray_level(arrays: tuple[NDArray[Any], ...]) -> int:
    """The largest of all values (n, I) if they are whole and from 0 to 255, else 0."""
    blocks = (array[rows] for array in arrays for rows in row_blocks(array))
    highest = 0
    for block in blocks:
        if block.min() < 0 or block.max() > GREY_MAXIMUM:
            return 0
        if block.dtype.kind == "f" and (block != np.rint(block)).any():
            return 0
        highest = max(highest, int(block.max()))
    return highest
