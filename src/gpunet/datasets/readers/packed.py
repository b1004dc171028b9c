"""Files that are packed with gzip, bzip2, xz or zip, open for reading what they hold.

How a file is packed is told by its first bytes, whatever it is called. It is unpacked as it is
read, and no further than an honest file of its size may go.
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
"""How the names of packed files end."""

GZIP_MAGIC = b"\x1f\x8b"
BZIP2_MAGIC, BZIP2_BLOCKS = b"BZh", (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
XZ_MAGIC = b"\xfd7zXZ\x00"
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")

FREE = 1 << 26
"""Bytes that any packed file may hold; beyond, ``DEFLATE_RATIO`` holds for all ways of packing.
Bzip2 makes a million bytes of one where all are alike, which no data are."""

ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How files of an archive may be packed; ``zipfile`` unpacks others all at once."""

ZIP_ERRORS = (struct.error, NotImplementedError, OverflowError, RuntimeError, ValueError)
"""What ``zipfile`` raises of damaged archives beside BadZipFile."""

MOST_SHOWN = 8  # names of an archive's files in a message


def without_end(name: str) -> str:
    """A file's name without the end that says how it is packed, in the same case."""
    path = PurePath(name)
    return name[: -len(path.suffix)] if path.suffix.lower() in ENDS else name


@contextmanager
def unpacked(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """A file open for reading, unpacked on the way if it is packed, and its largest possible size.

    Of a zip archive it is the one file in it, or the only one that ends in .csv or .tsv.

    Raises:
        DataError: as ``open_file``; the packed content is cut short, damaged or more than a file
            of that size may hold; an archive does not hold one file.
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
    """What a file holds, open for reading; the file itself if it is not packed."""
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
    """The one file of a zip archive that is meant."""
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
    """Turns whatever else ``zipfile`` raises of a damaged archive into a BadZipFile."""
    try:
        yield
    except ZIP_ERRORS as error:
        raise zipfile.BadZipFile(str(error)) from error


@contextmanager
def _unpacking(path: Path) -> Iterator[None]:
    """Turns what unpacking raises of damaged content into a DataError."""
    try:
        yield
    except (zlib.error, lzma.LZMAError, zipfile.BadZipFile, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the system's word, not that of gzip or bzip2
        raise DataError(
            f"{path} is cut short or damaged: its compressed content cannot be unpacked; "
            "fetch it again"
        ) from error


class _Bounded(io.RawIOBase):
    """An unpacked file that is read no further than it may hold.

    Args:
        path: of the packed file.
        file: what it holds.
        largest: bytes that it may hold.
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
