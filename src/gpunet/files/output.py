"""Writes results to the user's paths.

Whether a file can be written is checked before hours of work; if not, a sentence says why.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from gpunet.errors import OutputError, reason_of
from gpunet.files.whole_file import PREFIX, free_name, remove_leftovers, write_whole

__all__ = [
    "free_path",
    "is_there",
    "require_writable",
    "write_atomically",
    "write_file",
]


def is_there(path: str | Path) -> bool:
    """Whether a path exists; false for a path that is too long."""
    return os.path.exists(path)  # noqa: PTH110 - Path.exists fails for such a path


def require_writable(path: Path) -> None:
    """Check that a file can be created at ``path``, by creating one beside it.

    Raises:
        OutputError: the folder is missing or not writable, or ``path`` is not a regular file.
    """
    target = _target(path)
    if target.is_dir():
        raise OutputError(f"{path} is a folder, wanted a file's name such as {path / 'name'}")
    if target.exists() and not target.is_file():
        raise OutputError(f"{path} is no ordinary file; choose another path")
    with _telling(path, target.parent):
        handle, probe = tempfile.mkstemp(prefix=PREFIX, dir=target.parent)
        os.close(handle)
        Path(probe).unlink(missing_ok=True)
    remove_leftovers(target.parent)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that other programs see whole or not at all; an existing file is replaced.

    Raises:
        OutputError: it cannot be written; an existing file is then untouched.
    """
    write_file(path, lambda file: file.write(content))


def write_file(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file like ``write_atomically``, with content that need not fit into memory.

    Raises:
        OutputError: it cannot be written; an existing file is then untouched.
    """
    target = _target(path)
    with _telling(path, target.parent):
        write_whole(target, write)


@contextlib.contextmanager
def free_path(path: Path) -> Iterator[Path]:
    """A path for a file that replaces nothing, and that no other writer takes meanwhile.

    It is ``path``, or the first free path such as ``model-2.safetensors``.

    Raises:
        OutputError: no file can be written there.
    """
    _target(path)
    with _telling(path, path.parent), free_name(path) as name:
        yield name


def _target(path: Path) -> Path:
    """The file that a path leads to: links stay, and the file behind them is replaced."""
    with _telling(path, path.parent):
        try:
            target = path.resolve()
        except RuntimeError as error:  # a loop of links
            raise OSError(str(error)) from error
        with contextlib.suppress(FileNotFoundError):
            target.lstat()
    return target


@contextlib.contextmanager
def _telling(path: Path, folder: Path) -> Iterator[None]:
    """Turn the system's errors about writing a file into an OutputError."""
    try:
        yield
    except FileNotFoundError as error:
        raise OutputError(
            f"{path} cannot be written, for there is no folder {folder}; create it first"
        ) from error
    except NotADirectoryError as error:
        raise OutputError(
            f"{path} cannot be written, for {folder} is no folder; choose another path"
        ) from error
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {reason_of(error)}; choose another path or make room there"
        ) from error
