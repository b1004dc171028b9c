"""Rows that are written as they come, and given back as one array.

Small ones are held in memory. Others lie in a file of the cache folder that has no name: nobody
else sees it, and the disk has its room again once nobody needs the array, however the process ends.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable
from typing import IO, Any, BinaryIO, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gpunet.datasets.blocks import row_blocks
from gpunet.datasets.mapped import is_large, map_array
from gpunet.errors import DataError, reason_of
from gpunet.files.cache import VARIABLE, cache_folder, disk

__all__ = [
    "MAXIMUM_BYTES",
    "Spool",
    "converted",
    "refusal_of_room",
    "require_memory",
    "spooled",
    "taken",
]

MAXIMUM_BYTES = 8 << 30
"""The most that one file's samples may take up in memory; beyond, they lie in a file."""

LEFT_FREE = 1 << 30
"""Bytes of the disk that are never taken."""


class Spool:
    """Takes blocks of rows and gives them back as one array.

    Where a file is wanted but none can be made, the rows are held in memory all the same, up to
    ``MAXIMUM_BYTES``.

    Args:
        name: of what they are, as messages call it.
        size: bytes of all rows, if it is known.

    Example:
        >>> spool = Spool("numbers")
        >>> spool.add(np.zeros((2, 3)))
        >>> spool.array().shape
        (2, 3)
    """

    def __init__(self, name: str, size: int = 0) -> None:
        self._name = name
        self._promised = size
        self._kind: np.dtype[Any] | None = None
        self._rows = self._columns = 0
        self._size = 0  # bytes taken so far
        self._content = bytearray()  # them, unless they are in the file
        self._file: IO[bytes] | None = None
        self._refusal = ""  # why there is no file

    def add(self, block: NDArray[Any]) -> None:
        """Take rows (n, K), as many columns as in the first block and of any type.

        Raises:
            DataError: neither the disk nor the memory has room for them.
        """
        if self._kind is None:
            self._kind, self._columns = block.dtype.newbyteorder("="), block.shape[1]
        kind = np.promote_types(self._kind, block.dtype)
        if kind != self._kind:
            self._widen(kind)
        self._write(np.ascontiguousarray(block, kind))

    def array(self) -> NDArray[Any]:
        """All rows (n, K), of a type that holds all blocks; the last that can be asked for."""
        assert self._kind is not None, "nothing was added"
        shape = (self._rows, self._columns)
        if self._file is None:
            return np.frombuffer(self._content, self._kind).reshape(shape)
        with self._file as file:
            file.flush()
            return map_array(cast(BinaryIO, file), self._kind, shape)

    def __del__(self) -> None:
        """Close the file of rows that nobody wants any longer."""
        if self._file is not None:
            self._file.close()

    def _widen(self, kind: np.dtype[Any]) -> None:
        """Turn what was taken so far into values of another type."""
        wide = Spool(self._name, self._promised)
        if self._size:
            taken = self.array()
            for rows in row_blocks(taken):
                wide.add(taken[rows].astype(kind))
        self._size, self._content, self._refusal = wide._size, wide._content, wide._refusal
        self._file, wide._file = wide._file, None
        self._kind = kind

    def _write(self, block: NDArray[Any]) -> None:
        size = self._size + block.nbytes
        if self._file is None and not self._refusal and is_large(max(size, self._promised)):
            self._open(max(size, self._promised))
        if self._file is None:
            require_memory(self._name, max(size, self._promised), self._refusal)
            self._content += block.data
        else:
            if refusal := refusal_of_room(block.nbytes):
                raise DataError(f"{self._name} takes more than {size >> 20:,} MiB, and {refusal}")
            try:
                self._file.write(block.data)
            except OSError as error:
                raise DataError(
                    f"{self._name} cannot be kept in {cache_folder()}: {reason_of(error)}; name "
                    f"another folder with {VARIABLE}"
                ) from error
        self._size, self._rows = size, self._rows + len(block)

    def _open(self, size: int) -> None:
        """Go on in a file that has room for so many bytes, if there can be one."""
        folder = cache_folder()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._refusal = refusal_of_room(size)
            if self._refusal:
                return
            file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - open until it is mapped
            file.write(self._content)
        except OSError as error:
            self._refusal = (
                f"{folder} cannot be written to ({reason_of(error)}); name another folder with "
                f"{VARIABLE}"
            )
            return
        self._file, self._content = file, bytearray()


def spooled(name: str, blocks: Iterable[NDArray[Any]], size: int = 0) -> NDArray[Any]:
    """Blocks of rows as one array, as ``Spool`` gives it."""
    spool = Spool(name, size)
    for block in blocks:
        spool.add(block)
    return spool.array()


def converted(
    array: NDArray[Any],
    kind: DTypeLike,
    convert: Callable[[NDArray[Any]], NDArray[Any]] | None = None,
    columns: int = 0,
) -> NDArray[Any]:
    """An array (n, ...) as rows (n, I) of another type, which lie one after the other.

    One that is so already stays as it is. What is made of a mapped array is no whole copy in
    memory.

    Args:
        array: what is to be converted.
        kind: the wanted type.
        convert: makes rows of that type of some rows; by default their values are kept.
        columns: of what it makes, I; by default as many as a row has values.
    """
    shape = (len(array), columns or math.prod(array.shape[1:]))
    if convert is None and array.flags.c_contiguous and array.dtype == kind:
        return array if array.ndim == 2 else array.reshape(shape)
    blocks = (
        array[rows].reshape(-1, shape[1]).astype(kind) if convert is None else convert(array[rows])
        for rows in row_blocks(array)
    )
    if isinstance(array, np.memmap):
        name = str(array.filename or "the data")
        return spooled(name, blocks, math.prod(shape) * np.dtype(kind).itemsize)
    result = np.empty(shape, kind)
    for rows, block in zip(row_blocks(array), blocks, strict=True):
        result[rows] = block
    return result


def taken(array: NDArray[Any], rows: slice | NDArray[np.integer]) -> NDArray[Any]:
    """Some rows of an array (n, I): a view if they are a slice, else a copy.

    Many rows of a mapped array are spooled.

    Args:
        array: mapped or in memory.
        rows: their numbers in ascending order.
    """
    if isinstance(rows, slice) or not isinstance(array, np.memmap):
        return array[rows]
    size = len(rows) * array[:1].nbytes
    if not is_large(size):
        return np.asarray(array[rows])
    alike = np.broadcast_to(array[:1], (len(rows), *array.shape[1:]))
    blocks = (array[rows[some]] for some in row_blocks(alike))
    return spooled(str(array.filename or "the data"), blocks, size)


def require_memory(name: str, size: int, refusal: str = "") -> None:
    """Check that so many bytes of samples are not more than is held in memory.

    Args:
        name: of the samples.
        size: of them, in bytes.
        refusal: why they lie in no file, and what helps, if they were meant to.

    Raises:
        DataError: they are more.
    """
    if size > MAXIMUM_BYTES:
        reason = f", and {refusal}" if refusal else "; give a smaller part of it"
        raise DataError(
            f"{name} would take {size / (1 << 30):,.1f} GiB of memory, at most "
            f"{MAXIMUM_BYTES >> 30} GiB are possible{reason}"
        )


def refusal_of_room(size: int) -> str:
    """Why the cache folder has no room for so many bytes more, and what helps; empty if it has."""
    _, free = disk()
    if size + LEFT_FREE <= free:
        return ""
    return (
        f"{cache_folder()} has only {free / (1 << 30):,.1f} GiB free, of which "
        f"{LEFT_FREE >> 30} GiB stay free; make room there, or name another folder with {VARIABLE}"
    )
