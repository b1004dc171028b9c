"""Reads arrays in numpy's format, alone in a file or within an archive.

``numpy.load`` is not used, so that no memory is allocated before it is certain that the file can
hold the array. Large arrays are mapped. Pickled objects are never loaded.
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
"""numpy's letters for the accepted types of features and of labels."""

LONGEST_HEADER = 1 << 16  # bytes; numpy's own limit is 10,000


class Header(NamedTuple):
    """The header of an array."""

    shape: tuple[int, ...]
    is_fortran: bool  # whether the first axis varies fastest
    kind: np.dtype[Any]
    start: int  # byte offset of the values

    @property
    def size(self) -> int:
        """Bytes of all values."""
        return math.prod(self.shape) * self.kind.itemsize

    @classmethod
    def read(cls, content: BinaryIO, name: str, kinds: str) -> Header:
        """Read the header at the start of some content.

        Args:
            content: file positioned at the start of the array.
            name: name of the array in messages.
            kinds: ``FEATURES`` or ``LABELS``.

        Raises:
            DataError: the values have another type.
            ValueError: it is not a header.
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
        """Map the array in a file, at a byte offset.

        Raises:
            ValueError: the file ends too early.
        """
        start = offset + self.start
        return self._native(map_array(file, self.kind, self.shape, start, self._order))

    def values(self, content: BinaryIO, name: str) -> NDArray[Any]:
        """Read the array from the content after its header; a large one is spooled to disk.

        Raises:
            DataError: there is no room for it.
            ValueError: the content ends too early.
        """
        flat = read_bytes(content, self.size, name)
        if len(flat) < self.size:
            raise ValueError(f"it ends after {len(flat):,} bytes of {self.size:,}")
        return self._native(flat.view(self.kind).reshape(self.shape, order=self._order))

    @property
    def _order(self) -> Literal["C", "F"]:
        """The memory order, ``C`` or ``F``, as in numpy."""
        return "F" if self.is_fortran else "C"

    def _native(self, array: NDArray[Any]) -> NDArray[Any]:
        kind = self.kind.newbyteorder("=")
        if array.ndim < 2 or not array.size:
            return array.astype(kind, copy=False)
        return converted(array, kind).reshape(self.shape)


def read_npy(path: Path, kinds: str) -> NDArray[Any]:
    """Read an array from a file of ``numpy.save``; a large one is mapped.

    Args:
        path: path of the file.
        kinds: ``FEATURES``, or ``LABELS``, which are always read into memory.

    Raises:
        DataError: the file cannot be read, is damaged or pickled, or has a wrong type.
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
    """Parse a header with numpy; turn any error about a damaged one into a ValueError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # about headers that look like Python 2's
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
