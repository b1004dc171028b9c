"""Writing results so that a file is either whole or not there.

Owns the atomic write and the check, before hours of work, that it can succeed. What is written
belongs to ``checkpoint`` and ``report``.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from gpunet.errors import OutputError

__all__ = ["require_writable", "write_atomically"]


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
        handle, probe = tempfile.mkstemp(prefix=".gpunet-", dir=target.parent)
        os.close(handle)
        Path(probe).unlink()
    except OSError as error:
        raise OutputError(_sentence(path, target.parent, error)) from error


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
    handle, name = tempfile.mkstemp(prefix=".gpunet-", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(_mode(target))
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


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
