"""Converts arrays of color images to gray, in the same way as image files."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.readers.features import SMALLEST_SIDE, as_gray_levels
from gpunet.datasets.spool import converted

__all__ = ["are_colored", "turned_to_gray"]

BRIGHTNESS = np.array([19595, 38470, 7471]) / 65536
"""Weights of red, green and blue in a gray level (ITU-R BT.601), bit by bit as in Pillow."""

Shape = tuple[int, ...]


def are_colored(shape: Shape) -> bool:
    """Whether samples of this shape are images with three channels, in the last or first axis."""
    return _channels(shape) is not None


def turned_to_gray(
    arrays: tuple[NDArray[Any], ...], shape: Shape
) -> tuple[tuple[NDArray[Any], ...], Shape]:
    """Convert color images to gray; return them and the shape (height, width) of one.

    Args:
        arrays: (n, I) each, uint8 or floats, all of one type.
        shape: shape of an image: (height, width, 3) or (3, height, width).

    Returns:
        The arrays (n, height * width), of the same type, or uint8 if all values were bytes divided
        by 255.
    """
    axis = _channels(shape)
    assert axis is not None
    height, width = shape[:axis] + shape[axis + 1 :]
    levels = as_gray_levels(arrays, (1, math.prod(shape)))
    return tuple(_grey(array, shape, axis) for array in levels), (height, width)


def _channels(shape: Shape) -> int | None:
    """The axis of the color channels, if there is one."""
    for axis in (2, 0):
        if len(shape) == 3 and shape[axis] == 3:
            sides = shape[:axis] + shape[axis + 1 :]
            return axis if min(sides) >= SMALLEST_SIDE else None
    return None


def _grey(array: NDArray[Any], shape: Shape, axis: int) -> NDArray[Any]:
    """The gray levels (n, height * width) of images (n, I)."""

    def levels_of(images: NDArray[Any]) -> NDArray[Any]:
        colors = np.moveaxis(images.reshape(-1, *shape), axis + 1, -1)
        levels = (colors @ BRIGHTNESS).reshape(len(images), -1)
        levels = np.floor(levels + 0.5) if array.dtype == np.uint8 else levels
        return levels.astype(array.dtype)

    return converted(array, array.dtype, levels_of, columns=array.shape[1] // 3)
