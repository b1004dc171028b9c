"""Rows that are written as they come, and given back as one array.

Small ones are held in memory. Others lie in a file of the cache folder that has no name: nobody
else sees it, and the disk has its room again once nobody needs the array, however the process ends.
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
"""The most that one file's samples may take up in memory; beyond, they lie in a file."""

LEFT_FREE = 1 << 30
"""Bytes of the disk that are never taken."""

PAGES = 256 << 20  # bytes of a file that are mapped at once
ASIDE = 4  # arrays are put aside from this part of a large size on: more is made of them
ALIGNMENT = 64  # bytes that an array put aside starts at a multiple of


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
        self._file = _File(name)

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
        if not self._file.is_open or not self._size:  # nothing that could be mapped
            return np.frombuffer(self._content, self._kind).reshape(shape)
        return self._file.mapped(self._kind, shape)

    def _widen(self, kind: np.dtype[Any]) -> None:
        """Turn what was taken so far into values of another type."""
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
    """Puts arrays aside, one by one: once they are many, they lie in a file.

    Where no file can be made, they stay in memory, up to ``MAXIMUM_BYTES``.

    Args:
        name: of what they are, as messages call it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._size = 0  # bytes of all arrays
        self._file = _File(name)
        self._pages = np.empty(0, np.uint8)  # of the file, where the next array will lie
        self._used = 0  # bytes of them

    def put(self, array: NDArray[Any]) -> NDArray[Any]:
        """Keep an array and give it back, perhaps mapped from the file.

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
    """A file of the cache folder that has no name; it is made once something is to lie in it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._file: IO[bytes] | None = None
        self._start = 0  # where the present pages start
        self._end = 0  # where they end
        self.refusal = ""
        """Why there is no file, and what helps."""

    def __del__(self) -> None:
        """Close the file; what is mapped of it stays."""
        if self._file is not None:
            self._file.close()

    @property
    def is_open(self) -> bool:
        """Whether something lies in the file."""
        return self._file is not None

    def can_take(self, size: int) -> bool:
        """Whether there is a file, which is made if there is room for so many bytes."""
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
        """Write at the end of the file, or at a place of its last pages.

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
        """Add room for (size,) bytes at the end of the file, as an array to be written into.

        Raises:
            DataError: the file may not become so large.
        """
        assert self._file is not None
        self._start, self._end = self._end, self._end + size + -size % ALLOCATIONGRANULARITY
        with self._writing():
            self._file.truncate(self._end)
        return map_array(cast(BinaryIO, self._file), np.uint8, (size,), self._start)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Turns what the system refuses into a DataError."""
        try:
            yield
        except OSError as error:
            raise DataError(
                f"{self._name} cannot be put into {cache_folder()}: {reason_of(error)}; name "
                f"another folder with {VARIABLE}"
            ) from error

    def mapped(self, kind: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        """The content as an array."""
        return map_array(cast(BinaryIO, self._file), kind, shape)


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
