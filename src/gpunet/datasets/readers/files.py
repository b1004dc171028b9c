"""Files as the readers take them: regular, readable, and never larger than they justify."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gpunet.errors import DataError, reason_of

__all__ = [
    "DEFLATE_RATIO",
    "MAXIMUM_BYTES",
    "open_file",
    "read_at_most",
    "reading",
    "require_memory",
    "shown",
]

DEFLATE_RATIO = 1032
"""Deflate makes at most so many bytes of one (zlib's technical notes)."""

MAXIMUM_BYTES = 8 << 30
"""The most that one file's samples may take up unpacked; a dataset is held in memory."""

CHUNK = 1 << 20  # bytes read at once


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns what the system refuses while ``path`` is read into a DataError."""
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist; check how the path is spelled") from error
    except PermissionError as error:
        raise DataError(f"{path} may not be read by you; change its permissions") from error
    except MemoryError as error:
        raise DataError(f"{path} does not fit into memory; give a smaller part of it") from error
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {reason_of(error)}; fetch or copy it again"
        ) from error


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """A regular file, open for reading bytes.

    Raises:
        DataError: it is missing, empty, unreadable or no regular file.
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
    """Up to ``size`` bytes, allocated as they come and not as they were promised."""
    content = bytearray()
    while len(content) < size:
        chunk = file.read(min(CHUNK, size - len(content)))
        if not chunk:
            break
        content += chunk
    return content


def require_memory(name: str, size: int) -> None:
    """Raise a DataError if so many bytes of samples are more than the package will hold."""
    if size > MAXIMUM_BYTES:
        raise DataError(
            f"{name} would take {size / (1 << 30):,.1f} GiB of memory, at most "
            f"{MAXIMUM_BYTES >> 30} GiB are possible; give a smaller part of it"
        )


def shown(text: str) -> str:
    """A user's text as a message quotes it, cut after 40 characters."""
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
