"""Features as a dataset holds them: grey levels as bytes, everything else as float32.

Owns the choice between the two, what texts are numbers, and the guess of an image's shape from a
number of features.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["as_features", "guess_image_shape", "is_number"]

GREY_MAXIMUM = 255
DARKEST_IMAGES = 127
"""Whole numbers of which none is above this are counts, codes or flags, and no grey levels:
images have bright places. As bytes they would be divided by 255 to next to nothing."""

SMALLEST_SIDE = 8  # pixels; fewer features than 8 x 8 are taken for a table
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


def is_number(text: str) -> bool:
    """Whether a cell's text is a number to numpy, NaN and infinity among them."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text and text.strip().isascii()  # numpy takes neither 1_000 nor other digits


def guess_image_shape(features: NDArray[Any]) -> tuple[int, int] | None:
    """Height and width if the features (n, I) look like square grey images, else ``None``.

    They do if I is a square of at least 8 x 8 and the values are bytes or lie from 0 to 1.
    """
    side = math.isqrt(features.shape[1])
    if side * side != features.shape[1] or side < SMALLEST_SIDE:
        return None
    if features.dtype == np.uint8:
        return side, side
    return (side, side) if features.min() >= 0 and features.max() <= 1 else None


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
