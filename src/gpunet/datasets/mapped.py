"""Arrays that stay in their file: the system reads what is looked at, and forgets it again.

A file must not get shorter while it is mapped: looking at what is gone ends the process. One that
is replaced by another of its name does no harm. On Windows, a mapped file cannot be replaced.
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
"""Bytes from which arrays lie in files and are mapped; smaller ones are held in memory, where
nothing happens to them."""


def is_large(size: int) -> bool:
    """Whether an array of so many bytes is mapped rather than held in memory."""
    return size >= LARGE


def map_array(
    file: BinaryIO | Path,
    kind: DTypeLike,
    shape: tuple[int, ...],
    offset: int = 0,
    order: Literal["C", "F"] = "C",
) -> NDArray[Any]:
    """An array that lies in a file, which is only read.

    Args:
        file: its path, or the file, open for reading; it may be closed then.
        kind: the values' type.
        shape: of the array; not empty.
        offset: bytes before the first value.
        order: of the axes, as numpy calls it.

    Raises:
        OSError: it cannot be mapped.
        ValueError: the file is shorter than the array.
    """
    return np.memmap(file, kind, "r", offset, shape, order)


def require_whole(array: NDArray[Any]) -> None:
    """Check that the file behind a mapped array is not shorter than it was; others are in memory.

    Raises:
        DataError: it is.
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
