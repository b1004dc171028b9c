"""Opens files that are packed with gzip, bzip2, xz or zip.

The first bytes of a file tell how it is packed, whatever its name. It is unpacked while it is read,
up to a plausible size.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any, BinaryIO, cast

from gpunet.datasets.readers.files import DEFLATE_RATIO, open_file, shown
from gpunet.errors import DataError

__all__ = ["ENDS", "GZIP_MAGIC", "ZIP_ERRORS", "unpacked", "without_end"]

ENDS = (".gz", ".bz2", ".xz", ".zip")
"""Endings of the names of packed files."""

GZIP_MAGIC = b"\x1f\x8b"
BZIP2_MAGIC, BZIP2_BLOCKS = b"BZh", (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
XZ_MAGIC = b"\xfd7zXZ\x00"
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")

FREE = 1 << 26
"""Bytes that any packed file may unpack to; above, ``DEFLATE_RATIO`` limits all formats. Bzip2 can
make a million bytes of one, but only of equal bytes, which are no data."""

ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Compression methods that are read; ``zipfile`` unpacks others all at once."""

ZIP_ERRORS = (struct.error, NotImplementedError, OverflowError, RuntimeError, ValueError)
"""Errors that ``zipfile`` raises about damaged archives, besides BadZipFile."""

MOST_SHOWN = 8  # most names of an archive's files in a message


def without_end(name: str) -> str:
    """A file's name without the ending of its packing."""
    path = PurePath(name)
    return name[: -len(path.suffix)] if path.suffix.lower() in ENDS else name


@contextmanager
def unpacked(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """Open a file, unpacking it if it is packed; return its largest possible size, too.

    In a zip archive it is the only file, or the only file ending in .csv or .tsv.

    Raises:
        DataError: as in ``open_file``; or the packed content is cut short, damaged or implausibly
            large; or an archive does not hold exactly one file.
    """
    with open_file(path) as file, _unpacking(path):
        size = path.stat().st_size
        opened = _opened(path, file)
        if opened is file:
            yield file, size
            return
        largest = max(size * DEFLATE_RATIO, FREE)
        with opened, io.BufferedReader(_Bounded(path, opened, largest)) as content:
            yield content, largest


def _opened(path: Path, file: BinaryIO) -> BinaryIO:
    """The unpacked content, open for reading; the file itself if it is not packed."""
    start = file.read(len(BZIP2_MAGIC) + 1 + len(BZIP2_BLOCKS[0]))
    file.seek(0)
    if start.startswith(GZIP_MAGIC):
        return cast(BinaryIO, gzip.open(file))
    if start.startswith(BZIP2_MAGIC) and start.endswith(BZIP2_BLOCKS):
        return cast(BinaryIO, bz2.open(file))
    if start.startswith(XZ_MAGIC):
        return cast(BinaryIO, lzma.open(file))
    return _member(path, file) if start.startswith(ZIP_MAGIC) else file


def _member(path: Path, file: BinaryIO) -> BinaryIO:
    """The file to read in a zip archive."""
    with _zip_damages():
        archive = zipfile.ZipFile(file)
    entries = [
        entry
        for entry in archive.infolist()
        if not entry.is_dir()
        and not PurePath(entry.filename).name.startswith(".")
        and "__MACOSX" not in PurePath(entry.filename).parts
    ]
    tables = [entry for entry in entries if entry.filename.lower().endswith((".csv", ".tsv"))]
    chosen = entries if len(entries) == 1 else tables
    if len(chosen) != 1:
        names = ", ".join(shown(entry.filename) for entry in entries[:MOST_SHOWN]) or "nothing"
        more = f" and {len(entries) - MOST_SHOWN:,} more" if len(entries) > MOST_SHOWN else ""
        raise DataError(
            f"{path} holds {names}{more}, wanted one table; unpack it and give what is to be read"
        )
    (entry,) = chosen
    if entry.flag_bits & 1:
        raise DataError(f"{path} is locked with a password; unpack it first")
    if entry.compress_type not in ZIP_METHODS:
        raise DataError(f"{path} is packed in a way that is not read; unpack it first")
    with _zip_damages():
        return cast(BinaryIO, archive.open(entry))


@contextmanager
def _zip_damages() -> Iterator[None]:
    """Turn all other errors of ``zipfile`` about a damaged archive into BadZipFile."""
    try:
        yield
    except ZIP_ERRORS as error:
        raise zipfile.BadZipFile(str(error)) from error


@contextmanager
def _unpacking(path: Path) -> Iterator[None]:
    """Turn errors about damaged content into DataErrors."""
    try:
        yield
    except (zlib.error, lzma.LZMAError, zipfile.BadZipFile, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # an error of the system, not of gzip or bzip2
        raise DataError(
            f"{path} is cut short or damaged: its compressed content cannot be unpacked; "
            "fetch it again"
        ) from error


class _Bounded(io.RawIOBase):
    """An unpacked file with a limit on its size.

    Args:
        path: path of the packed file.
        file: the unpacked content.
        largest: most bytes that may be read.
    """

    def __init__(self, path: Path, file: BinaryIO, largest: int) -> None:
        self._path = path
        self._file = file
        self._left = largest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        chunk = self._file.read(len(view))
        self._left -= len(chunk)
        if self._left < 0:
            raise DataError(
                f"{self._path} unpacks to more than {DEFLATE_RATIO:,} times its size, as no data "
                "do; unpack it first if it is what it should be"
            )
        view[: len(chunk)] = chunk
        return len(chunk)
