"""Memory-mapped arrays, of which the system reads only the parts in use.

A mapped file must not be shortened: access to the missing part ends the process. Replacing it by
another file of the same name does no harm. On Windows, a mapped file cannot be replaced.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gpunet.errors import DataError

__all__ = ["LARGE", "is_large", "map_array", "require_whole"]

LARGE = 64 << 20
"""Bytes from which on an array is mapped from its file. Smaller ones are held in memory, where they
are safe."""


def is_large(size: int) -> bool:
    """Whether an array of this size in bytes is mapped rather than held in memory."""
    return size >= LARGE


def map_array(
    file: BinaryIO | Path,
    kind: DTypeLike,
    shape: tuple[int, ...],
    offset: int = 0,
    order: Literal["C", "F"] = "C",
) -> NDArray[Any]:
    """Map an array in a file, read-only.

    Args:
        file: path of the file, or the file open for reading, which may be closed afterwards.
        kind: type of the values.
        shape: shape of the array; not empty.
        offset: byte offset of the first value.
        order: memory order, ``C`` or ``F``, as in numpy.

    Raises:
        OSError: it cannot be mapped.
        ValueError: the file is shorter than the array.
    """
    return np.memmap(file, kind, "r", offset, shape, order)


def require_whole(array: NDArray[Any]) -> None:
    """Check that the file of a mapped array is still long enough; other arrays always pass.

    Raises:
        DataError: the file has become shorter.
    """
    while isinstance(array.base, np.ndarray):
        array = array.base
    pages = array.base
    if isinstance(array, np.memmap) and isinstance(pages, mmap.mmap):
        start = array.offset - array.offset % mmap.ALLOCATIONGRANULARITY
        if pages.size() < start + len(pages):
            raise DataError(
                f"{array.filename} has become shorter while it was read; leave the file alone, and "
                "begin again"
            )
