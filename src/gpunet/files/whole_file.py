"""A file that other programs see whole or not at all.

The content goes into a temporary file in the same folder, which is locked while its writer lives,
and renamed once it is on the disk. So the leftovers of killed writers can be told from files in
use, and are removed. A writer that replaces nothing finds a name that no other writer takes.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from gpunet.files.locks import lock

__all__ = ["PREFIX", "free_name", "remove_leftovers", "write_whole"]

log = logging.getLogger(__name__)

PREFIX = ".gpunet-"
"""The beginning of a temporary file's name."""


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file as a whole or not at all, even if others write it at the same time.

    It keeps the permissions of an existing file.

    Args:
        path: the file, in an existing folder.
        write: writes the content to an open file.

    Raises:
        OSError: it cannot be written; an existing file is then untouched.
    """
    temporary = path.with_name(f"{PREFIX}{secrets.token_hex(8)}")
    file = _locked(temporary)
    try:
        with file:
            with suppress(OSError):  # there is no file yet, or the file system has no permissions
                temporary.chmod(path.stat().st_mode & 0o777)
            write(file)
            file.flush()
            os.fsync(file.fileno())
            if sys.platform != "win32":  # which cannot rename open files
                temporary.replace(path)
        if sys.platform == "win32":
            temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    log.info("wrote %s", path)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of killed writers; files in use stay."""
    with suppress(OSError):
        for path in folder.glob(f"{PREFIX}*"):
            with suppress(OSError):
                _remove_unless_held(path)


@contextmanager
def free_name(path: Path) -> Iterator[Path]:
    """A name for a new file that replaces nothing, held until the file is written.

    It is the path itself or, if that exists, the first free name of ``model-2.safetensors``,
    ``model-3.safetensors`` and so on. Each name has a hidden file that only one writer can create.

    Raises:
        OSError: no file can be created in the folder.
    """
    for name in _names(path):
        claim = name.with_name(
            PREFIX + hashlib.sha256(name.name.encode(errors="surrogateescape")).hexdigest()[:16]
        )
        try:
            file = _locked(claim)
        except FileExistsError:  # another writer is about to take this name
            continue
        try:
            if not name.exists():
                yield name
                return
        finally:
            _give_back(file, claim)


def _names(path: Path) -> Iterator[Path]:
    """The names to try: ``model.safetensors``, ``model-2.safetensors`` and so on."""
    yield path
    packed = path.suffix if path.suffix.lower() == ".gz" else ""
    inner = path.with_suffix("") if packed else path
    for number in itertools.count(2):
        yield path.with_name(f"{inner.stem}-{number}{inner.suffix}{packed}")


def _locked(path: Path) -> BinaryIO:
    """Create and lock a file, unless it is removed as a leftover; FileExistsError if it exists."""
    while True:
        file = path.open("xb")  # with the permissions of the user's umask
        with suppress(OSError):  # some network file systems have no locks
            lock(file, wait=True)  # for a process that is just removing it
        if _is_at(file, path):
            return file
        file.close()


def _give_back(file: BinaryIO, path: Path) -> None:
    """Remove a file that this writer has locked, before another writer can create one."""
    with file, suppress(OSError):
        if sys.platform != "win32":  # which cannot remove open files
            path.unlink()
    if sys.platform == "win32":
        with suppress(OSError):
            path.unlink()


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Whether an open file is still the one at this path."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _remove_unless_held(path: Path) -> None:
    """Remove a temporary file; OSError if its writer is alive."""
    if sys.platform == "win32":  # which cannot remove open files
        path.unlink()
    elif path.is_file():  # a pipe of that name would never be opened
        with path.open("rb") as file:
            lock(file, wait=False)
            if _is_at(file, path):
                path.unlink()
