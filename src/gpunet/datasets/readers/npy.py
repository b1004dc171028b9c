"""Arrays as numpy writes them, in a file of their own or in a file among others.

They are read here and not by ``numpy.load``, so that none is allocated before it is certain that
the file can hold it. Large ones are mapped where they lie. Pickled objects are never loaded.
"""

from __future__ import annotations

import io
import math
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.mapped import is_large, map_array
from gpunet.datasets.readers.files import open_file, read_bytes
from gpunet.datasets.spool import converted
from gpunet.errors import DataError

__all__ = ["FEATURES", "LABELS", "Header", "read_npy"]

FEATURES = "biuf"
LABELS = "biufUS"
"""numpy's letters for the types that arrays may have which hold features or labels."""

LONGEST_HEADER = 1 << 16  # bytes; numpy itself takes none of more than 10,000


class Header(NamedTuple):
    """What an array's header promises."""

    shape: tuple[int, ...]
    is_fortran: bool  # whether the first axis is the fastest
    kind: np.dtype[Any]
    start: int  # bytes before the values

    @property
    def size(self) -> int:
        """Bytes of all values."""
        return math.prod(self.shape) * self.kind.itemsize

    @classmethod
    def read(cls, content: BinaryIO, name: str, kinds: str) -> Header:
        """The header with which a content begins.

        Args:
            content: the array, open at its start.
            name: what messages call it.
            kinds: ``FEATURES`` or ``LABELS``.

        Raises:
            DataError: its values are of another type.
            ValueError: it is no header.
        """
        shape, is_fortran, kind = _parsed(content)
        if kind.hasobject:
            raise DataError(
                f"{name} holds pickled objects, which could run foreign code and are never "
                "loaded; write it again as an array of numbers"
            )
        if kind.kind not in kinds or kind.itemsize == 0:
            wanted = "numbers" if kinds == FEATURES else "whole numbers or words"
            raise DataError(f"{name} is of type {kind}, wanted {wanted}; convert it first")
        return cls(shape, is_fortran, kind, content.tell())

    def mapped(self, file: BinaryIO, offset: int) -> NDArray[Any]:
        """The array as it lies in a file, so many bytes after its start.

        Raises:
            ValueError: the file ends before.
        """
        start = offset + self.start
        return self._native(map_array(file, self.kind, self.shape, start, self._order))

    def values(self, content: BinaryIO, name: str) -> NDArray[Any]:
        """The array, read from what follows the header; large ones lie in a spool.

        Raises:
            DataError: there is no room for it.
            ValueError: the content ends before.
        """
        flat = read_bytes(content, self.size, name)
        if len(flat) < self.size:
            raise ValueError(f"it ends after {len(flat):,} bytes of {self.size:,}")
        return self._native(flat.view(self.kind).reshape(self.shape, order=self._order))

    @property
    def _order(self) -> Literal["C", "F"]:
        """The order of the axes, as numpy calls it."""
        return "F" if self.is_fortran else "C"

    def _native(self, array: NDArray[Any]) -> NDArray[Any]:
        kind = self.kind.newbyteorder("=")
        if array.ndim < 2 or not array.size:
            return array.astype(kind, copy=False)
        return converted(array, kind).reshape(self.shape)


def read_npy(path: Path, kinds: str) -> NDArray[Any]:
    """The array in a file of ``numpy.save``; a large one is mapped.

    Args:
        path: of the file.
        kinds: ``FEATURES``, or ``LABELS``, which are always held in memory.

    Raises:
        DataError: it cannot be read, is damaged or pickled, or is of a wrong type.
    """
    with open_file(path) as file:
        try:
            header = Header.read(file, str(path), kinds)
            held = path.stat().st_size - header.start
            if header.size != held:
                raise DataError(
                    f"{path} promises {header.size:,} bytes in its header and holds {held:,}; it "
                    "is damaged, write it again with numpy.save"
                )
            if is_large(header.size):
                array = header.mapped(file, 0)
                return array if kinds == FEATURES else np.array(array)
            return header.values(file, str(path))
        except ValueError as error:
            if isinstance(error, DataError):
                raise
            raise DataError(
                f"{path} is no NPY file, or it is damaged ({error}); write it again with numpy.save"
            ) from error


def _parsed(content: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """A header as numpy reads it; ValueError for whatever its parser raises of a damaged one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of headers that look like Python 2's
            first = np.lib.format.read_magic(content) == (1, 0)
            length = content.read(2 if first else 4)
            if int.from_bytes(length, "little") > LONGEST_HEADER:
                raise ValueError("the header is too long")
            header = io.BytesIO(length + content.read(int.from_bytes(length, "little")))
            if first:
                shape, is_fortran, kind = np.lib.format.read_array_header_1_0(header)
            else:
                shape, is_fortran, kind = np.lib.format.read_array_header_2_0(header)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile):
        raise
    except Exception as error:
        raise ValueError("the header of an array cannot be read") from error
    if any(length < 0 for length in shape):
        raise ValueError("the header of an array has a negative length")
    return shape, is_fortran, kind
