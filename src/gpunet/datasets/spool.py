"""Collects rows into one array, on disk if they are many.

Small arrays stay in memory. Others go into a file without a name in the cache folder: nobody else
sees it, and the disk space is free again once nobody needs the array, however the process ends.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from mmap import ALLOCATIONGRANULARITY
from typing import IO, Any, BinaryIO, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gpunet.datasets.blocks import row_blocks
from gpunet.datasets.mapped import is_large, map_array
from gpunet.errors import DataError, reason_of
from gpunet.files.cache import VARIABLE, cache_folder, disk

__all__ = [
    "MAXIMUM_BYTES",
    "Aside",
    "Spool",
    "converted",
    "refusal_of_room",
    "require_memory",
    "spooled",
    "taken",
]

MAXIMUM_BYTES = 8 << 30
"""Most bytes that the samples of a file may take in memory; larger ones go into a file."""

LEFT_FREE = 1 << 30
"""Bytes of the disk that always stay free."""

PAGES = 256 << 20  # bytes by which a file grows and is mapped
ASIDE = 4  # share of a large size from which arrays are put aside, as more are made of them
ALIGNMENT = 64  # bytes; arrays in a file start at multiples of this


class Spool:
    """Collects blocks of rows into one array.

    If a file is needed but cannot be made, the rows stay in memory, up to ``MAXIMUM_BYTES``.

    Args:
        name: name of the content in messages.
        size: bytes of all rows, if known.

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
        self._content = bytearray()  # the blocks, unless they are in the file
        self._file = _File(name)

    def add(self, block: NDArray[Any]) -> None:
        """Add rows (n, K) of any type, with as many columns as the first block.

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
        """Return all rows (n, K), in a type that holds all blocks; it must be the last call."""
        assert self._kind is not None, "nothing was added"
        shape = (self._rows, self._columns)
        if not self._file.is_open or not self._size:  # nothing that could be mapped
            return np.frombuffer(self._content, self._kind).reshape(shape)
        return self._file.mapped(self._kind, shape)

    def _widen(self, kind: np.dtype[Any]) -> None:
        """Convert the rows so far to another type."""
        wide = Spool(self._name, self._promised)
        if self._size:
            taken = self.array()
            for rows in row_blocks(taken):
                wide.add(taken[rows].astype(kind))
        self._kind, self._size = kind, wide._size
        self._content, self._file = wide._content, wide._file

    def _write(self, block: NDArray[Any]) -> None:
        size = self._size + block.nbytes
        expected = max(size, self._promised)
        if is_large(expected) and self._file.can_take(expected):
            if self._content:
                self._file.append(self._content)
                self._content = bytearray()
            if size > self._size:
                self._file.append(block.data)
        else:
            require_memory(self._name, expected, self._file.refusal)
            self._content += block.data
        self._size, self._rows = size, self._rows + len(block)


class Aside:
    """Puts arrays aside one by one, in a file once they are large in all.

    If no file can be made, they stay in memory, up to ``MAXIMUM_BYTES``.

    Args:
        name: name of the content in messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._size = 0  # bytes of all arrays
        self._file = _File(name)
        self._pages = np.empty(0, np.uint8)  # pages of the file for the next array
        self._used = 0  # bytes in use on the pages

    def put(self, array: NDArray[Any]) -> NDArray[Any]:
        """Keep an array and return it, perhaps mapped from the file.

        Raises:
            DataError: neither the disk nor the memory has room for it.
        """
        self._size += array.nbytes
        are_many = is_large(ASIDE * self._size)
        if not array.size or not are_many or not self._file.can_take(self._size):
            require_memory(self._name, self._size, self._file.refusal)
            return array
        self._used += -self._used % ALIGNMENT
        if self._used + array.nbytes > len(self._pages):
            self._pages = self._file.pages(max(PAGES, array.nbytes))
            self._used = 0
        self._file.append(np.ascontiguousarray(array).data, self._used)
        end = self._used + array.nbytes
        put = self._pages[self._used : end].view(array.dtype).reshape(array.shape)
        self._used = end
        return put


class _File:
    """A file without a name in the cache folder; it is created when it is first needed."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._file: IO[bytes] | None = None
        self._start = 0  # offset of the current pages
        self._end = 0  # their end
        self.refusal = ""
        """Why there is no file, and how to help that."""

    def __del__(self) -> None:
        """Close the file; arrays mapped from it stay valid."""
        if self._file is not None:
            self._file.close()

    @property
    def is_open(self) -> bool:
        """Whether the file has been created."""
        return self._file is not None

    def can_take(self, size: int) -> bool:
        """Create the file if the disk has room for this many bytes; whether there is a file."""
        if self._file is None and not self.refusal:
            folder = cache_folder()
            try:
                folder.mkdir(parents=True, exist_ok=True)
                self.refusal = refusal_of_room(size)
                if not self.refusal:
                    self._file = tempfile.TemporaryFile(buffering=0, dir=folder)  # noqa: SIM115
            except OSError as error:
                self.refusal = (
                    f"{folder} cannot be written to ({reason_of(error)}); name another folder "
                    f"with {VARIABLE}"
                )
        return self._file is not None

    def append(self, content: bytearray | memoryview, place: int | None = None) -> None:
        """Write at the end of the file, or at an offset in its last pages.

        Raises:
            DataError: the disk is full.
        """
        assert self._file is not None
        content = memoryview(content).cast("B")
        if refusal := refusal_of_room(len(content)):
            raise DataError(f"{self._name} is too large for the disk: {refusal}")
        with self._writing():
            if place is not None:
                self._file.seek(self._start + place)
            while content:
                content = content[self._file.write(content) :]

    def pages(self, size: int) -> NDArray[np.uint8]:
        """Append (size,) bytes to the file and return them as a writable array.

        Raises:
            DataError: the file cannot become so large.
        """
        assert self._file is not None
        self._start, self._end = self._end, self._end + size + -size % ALLOCATIONGRANULARITY
        with self._writing():
            self._file.truncate(self._end)
        return map_array(cast(BinaryIO, self._file), np.uint8, (size,), self._start)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Turn errors of the system into DataErrors."""
        try:
            yield
        except OSError as error:
            raise DataError(
                f"{self._name} cannot be put into {cache_folder()}: {reason_of(error)}; name "
                f"another folder with {VARIABLE}"
            ) from error

    def mapped(self, kind: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        """Map the content as an array."""
        return map_array(cast(BinaryIO, self._file), kind, shape)


def spooled(name: str, blocks: Iterable[NDArray[Any]], size: int = 0) -> NDArray[Any]:
    """Collect blocks of rows into one array with a ``Spool``."""
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
    """Convert an array (n, ...) to contiguous rows (n, I) of another type.

    An array that already has this form is returned unchanged. A mapped array is not copied to
    memory as a whole.

    Args:
        array: the array to convert.
        kind: the new type.
        convert: converts some rows to that type; by default keeps the values.
        columns: number of columns I after conversion; by default as many as a row has values.
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
    """Select rows of an array (n, I): a view for a slice, else a copy.

    Many rows of a mapped array are spooled.

    Args:
        array: the array, mapped or in memory.
        rows: row numbers in ascending order.
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
    """Check that samples of this size may be held in memory.

    Args:
        name: name of the samples in messages.
        size: size in bytes.
        refusal: why they could not be put into a file, and what helps, if that was tried.

    Raises:
        DataError: they are too large.
    """
    if size > MAXIMUM_BYTES:
        reason = f", and {refusal}" if refusal else "; give a smaller part of it"
        raise DataError(
            f"{name} would take {size / (1 << 30):,.1f} GiB of memory, at most "
            f"{MAXIMUM_BYTES >> 30} GiB are possible{reason}"
        )


def refusal_of_room(size: int) -> str:
    """Why the cache folder lacks room for this many bytes, and what helps; empty if it has it."""
    _, free = disk()
    if size + LEFT_FREE <= free:
        return ""
    return (
        f"{cache_folder()} has only {free / (1 << 30):,.1f} GiB free, of which "
        f"{LEFT_FREE >> 30} GiB stay free; make room there, or name another folder with {VARIABLE}"
    )
