"""Writing results so that a file is either whole or not there.

Owns the atomic write and the check, before hours of work, that it can succeed. What is written
belongs to ``checkpoint`` and ``report``.

A process that is killed while it writes leaves its temporary file behind. Writers hold a lock on
theirs, so that the next check for the same folder can tell such a file from one in use, and
remove it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import IO

from gpunet.errors import OutputError

if sys.platform != "win32":
    import fcntl

__all__ = ["remove_leftovers", "require_writable", "write_atomically"]

PREFIX = ".gpunet-"
"""Of a temporary file's name."""


def require_writable(path: Path) -> None:
    """Make sure that a file can be created at ``path``, by creating one beside it.

    Raises:
        OutputError: the folder is missing or not writable, or ``path`` is no place for a file.
    """
    target = _target(path)
    if target.is_dir():
        raise OutputError(f"{path} is a folder, wanted a file's name such as {path / 'name'}")
    if target.exists() and not target.is_file():
        raise OutputError(f"{path} is no ordinary file; choose another path")
    try:
        handle, probe = tempfile.mkstemp(prefix=PREFIX, dir=target.parent)
        os.close(handle)
        Path(probe).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(_sentence(path, target.parent, error)) from error
    remove_leftovers(target.parent)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of writers that were killed; those in use stay."""
    with contextlib.suppress(OSError):
        for leftover in folder.glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError), leftover.open("rb") as file:
                _lock(file)  # raises if its writer lives
                if sys.platform != "win32":
                    leftover.unlink()
            if sys.platform == "win32":
                with contextlib.suppress(OSError):  # raised if its writer lives
                    leftover.unlink()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that other programs see whole or not at all; an older one is replaced.

    Raises:
        OutputError: it cannot be written; an older file is then untouched.
    """
    target = _target(path)
    try:
        _write_and_replace(target, content)
    except OSError as error:
        raise OutputError(_sentence(path, target.parent, error)) from error


def _target(path: Path) -> Path:
    """Where the path leads: a link stays, and the file behind it is replaced.

    Raises:
        OutputError: the path's name is too long, or a folder on the way may not be entered.
    """
    try:
        target = path.resolve()
        target.lstat()
    except FileNotFoundError:
        return target
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        raise OutputError(_sentence(path, path.parent, error)) from error
    return target


def _write_and_replace(target: Path, content: bytes) -> None:
    file, path = _temporary_file(target.parent)
    try:
        with file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            path.chmod(_mode(target))
            if sys.platform != "win32":  # where no open file can be renamed
                path.replace(target)
        if sys.platform == "win32":
            path.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def _temporary_file(folder: Path) -> tuple[IO[bytes], Path]:
    """A new file in the folder, locked before anyone has taken it for a leftover."""
    while True:
        handle, name = tempfile.mkstemp(prefix=PREFIX, dir=folder)
        file, path = os.fdopen(handle, "wb"), Path(name)
        with contextlib.suppress(OSError):  # some network file systems have no locks
            _lock(file)
        if path.exists():
            return file, path
        file.close()


def _lock(file: IO[bytes]) -> None:
    """Take a file that no other process holds.

    Raises:
        OSError: another one holds it.
    """
    if sys.platform != "win32":
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _mode(path: Path) -> int:
    """The rights of the file that is replaced, else what the user's umask leaves of rw-rw-rw-."""
    with contextlib.suppress(OSError):
        return path.stat().st_mode & 0o777
    umask = os.umask(0o077)
    os.umask(umask)
    return 0o666 & ~umask


def _sentence(path: Path, folder: Path, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{path} cannot be written, for there is no folder {folder}; create it first"
    if isinstance(error, NotADirectoryError):
        return f"{path} cannot be written, for {folder} is no folder; choose another path"
    reason = getattr(error, "strerror", None) or str(error)
    return f"{path} cannot be written: {reason.lower()}; choose another path or make room there"
