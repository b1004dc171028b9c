"""Writing results to where the user wants them.

That a file can be written is checked before hours of work; where it cannot, a sentence says why.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gpunet.errors import OutputError
from gpunet.files.whole_file import PREFIX, free_name, remove_leftovers, write_whole

__all__ = ["free_place", "require_writable", "write_atomically"]


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
        with tempfile.NamedTemporaryFile(prefix=PREFIX, dir=target.parent):
            pass
    except OSError as error:
        raise OutputError(_sentence(path, target.parent, error)) from error
    remove_leftovers(target.parent)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that other programs see whole or not at all; an older one is replaced.

    Raises:
        OutputError: it cannot be written; an older file is then untouched.
    """
    target = _target(path)
    try:
        write_whole(target, lambda file: file.write(content))
    except OSError as error:
        raise OutputError(_sentence(path, target.parent, error)) from error


@contextlib.contextmanager
def free_place(path: Path) -> Iterator[Path]:
    """A path for a file that replaces nothing, and that nobody else takes meanwhile.

    It is ``path``, or the first free one of its kind such as ``model-2.safetensors``.

    Raises:
        OutputError: no file can be written there.
    """
    _target(path)
    try:
        with free_name(path) as name:
            yield name
    except OSError as error:
        raise OutputError(_sentence(path, path.parent, error)) from error


def _target(path: Path) -> Path:
    """Where the path leads: a link stays, and the file behind it is replaced."""
    try:
        target = path.resolve()
        target.lstat()
    except FileNotFoundError:
        return target
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        raise OutputError(_sentence(path, path.parent, error)) from error
    return target


def _sentence(path: Path, folder: Path, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{path} cannot be written, for there is no folder {folder}; create it first"
    if isinstance(error, NotADirectoryError):
        return f"{path} cannot be written, for {folder} is no folder; choose another path"
    reason = getattr(error, "strerror", None) or str(error)
    return f"{path} cannot be written: {reason.lower()}; choose another path or make room there"
