"""Opens files for the readers: regular, readable, and read only within bounds."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.spool import Spool
from gpunet.errors import DataError, reason_of

__all__ = [
    "DEFLATE_RATIO",
    "open_file",
    "read_at_most",
    "read_bytes",
    "reading",
    "shown",
]

DEFLATE_RATIO = 1032
"""Most bytes that deflate can make of one (zlib's technical notes)."""


CHUNK = 1 << 20  # bytes read at once


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn errors of the system while reading ``path`` into DataErrors."""
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist; check how the path is spelled") from error
    except PermissionError as error:
        raise DataError(f"{path} may not be read by you; change its permissions") from error
    except (MemoryError, OSError) as error:
        if isinstance(error, MemoryError) or error.errno == errno.ENOMEM:
            says = f"{path} does not fit into memory; give a smaller part of it"
            raise DataError(says) from error
        raise DataError(
            f"{path} cannot be read: {reason_of(error)}; fetch or copy it again"
        ) from error


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file for reading bytes.

    Raises:
        DataError: it is missing, empty, unreadable or not a regular file.
    """
    with reading(path):
        status = path.stat()
        if not path.is_file():
            raise DataError(f"{path} is not a regular file; give the file that holds the data")
        if status.st_size == 0:
            raise DataError(f"{path} is empty; fetch or write it again")
        with path.open("rb") as file:
            yield file


def read_at_most(file: BinaryIO, size: int) -> bytearray:
    """Read up to ``size`` bytes; memory is allocated only for bytes that exist."""
    content = bytearray()
    while len(content) < size:
        chunk = file.read(min(CHUNK, size - len(content)))
        if not chunk:
            break
        content += chunk
    return content


def read_bytes(
    file: BinaryIO, size: int, name: str, start: bytes | bytearray = b""
) -> NDArray[np.uint8]:
    """Read up to ``size`` bytes as an array, in memory or spooled to disk.

    Args:
        file: file open for reading.
        size: number of bytes in all.
        name: name of the content in messages.
        start: bytes that have already been read.

    Raises:
        DataError: neither memory nor disk has room for them.
    """
    spool = Spool(name, size)
    spool.add(np.frombuffer(start, np.uint8)[:, None])
    left = size - len(start)
    while left and (chunk := file.read(min(CHUNK, left))):
        spool.add(np.frombuffer(chunk, np.uint8)[:, None])
        left -= len(chunk)
    return spool.array().reshape(-1)


def shown(text: str) -> str:
    """Quote a user's text for a message, cut after 40 characters."""
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
