"""Features as a dataset holds them: grey levels as bytes, everything else as float32.

Owns the choice between the two, what texts are numbers, and the guess of an image's shape from a
number of features.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["as_features", "as_grey_levels", "guess_image_shape", "is_number"]

GREY_MAXIMUM = 255
DARKEST_IMAGES = 127
"""Whole numbers of which none is above this are counts, codes or flags, and no grey levels:
images have bright places. As bytes they would be divided by 255 to next to nothing."""

SMALLEST_SIDE = 8  # pixels; fewer features than 8 x 8 are taken for a table
ROUNDING = 1e-3
"""Parts of a grey level by which 255 times a grey level's share of 255 may miss it: the error of
float32, or of a text with six decimals."""

ROWS = 4096  # rows looked at together, so that the temporaries stay small


def as_features(
    arrays: tuple[NDArray[Any], ...],
) -> tuple[NDArray[np.uint8] | NDArray[np.float32], ...]:
    """The features of the training and the test set, all of one type.

    They become uint8 if all are whole, from 0 to 255, and some above 127, as grey levels are;
    else float32.

    Args:
        arrays: (n, I) each, all values finite.

    Returns:
        The arrays (n, I), all uint8 or all float32.
    """
    if _are_grey_levels(arrays):
        return tuple(np.ascontiguousarray(array, np.uint8) for array in arrays)
    return tuple(np.ascontiguousarray(array, np.float32) for array in arrays)


def as_grey_levels(
    arrays: tuple[NDArray[np.uint8] | NDArray[np.float32], ...],
    image_shape: tuple[int, int] | None,
) -> tuple[NDArray[np.uint8] | NDArray[np.float32], ...]:
    """Images whose pixels all are bytes divided by 255 as those bytes; anything else as it is.

    Args:
        arrays: (n, I) each, uint8 or float32, all values finite.
        image_shape: height and width if the features are images, else ``None``.
    """
    if image_shape is None or not all(map(_are_shares_of_255, arrays)):
        return arrays
    levels = []
    for array in arrays:
        levels.append(np.empty(array.shape, np.uint8))
        for first in range(0, len(array), ROWS):
            block = slice(first, first + ROWS)
            levels[-1][block] = np.rint(255 * array[block].astype(np.float64))
    return tuple(levels)


def is_number(text: str) -> bool:
    """Whether a cell's text is a number to numpy, NaN and infinity among them."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text and text.strip().isascii()  # numpy takes neither 1_000 nor other digits


def guess_image_shape(features: NDArray[Any]) -> tuple[int, int] | None:
    """Height and width if the features (n, I) look like square grey images, else ``None``.

    They do if I is a square of at least 8 x 8 and the values are bytes, lie from 0 to 1, or reach
    from -1 to 1.
    """
    side = math.isqrt(features.shape[1])
    if side * side != features.shape[1] or side < SMALLEST_SIDE:
        return None
    if features.dtype == np.uint8:
        return side, side
    lowest, highest = features.min(), features.max()
    is_image = 0 <= lowest <= highest <= 1 or (lowest, highest) == (-1, 1)
    return (side, side) if is_image else None


def _are_shares_of_255(array: NDArray[Any]) -> bool:
    """Whether all values (n, I) are whole numbers from 0 to 255, divided by 255."""
    for first in range(0, len(array), ROWS):
        levels = 255 * array[first : first + ROWS].astype(np.float64)
        if levels.min() < 0 or levels.max() > GREY_MAXIMUM:
            return False
        if (np.abs(levels - np.rint(levels)) > ROUNDING).any():
            return False
    return True


def _are_grey_levels(arrays: tuple[NDArray[Any], ...]) -> bool:
    """Whether all values are whole, from 0 to 255, and at least one above 127."""
    blocks = (
        array[first : first + ROWS] for array in arrays for first in range(0, len(array), ROWS)
    )
    highest = 0
    for block in blocks:
        if block.min() < 0 or block.max() > GREY_MAXIMUM:
            return False
        if block.dtype.kind == "f" and (block != np.rint(block)).any():
            return False
        highest = max(highest, int(block.max()))
    return highest > DARKEST_IMAGES
