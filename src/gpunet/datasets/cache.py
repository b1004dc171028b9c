"""The cache: a folder of the user's that keeps what was downloaded or drawn.

Owns where it lies and how a file gets into it whole. What is kept there belongs to ``download``
and ``catalog``.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

__all__ = ["VARIABLE", "cache_folder", "sweep", "write_whole"]

VARIABLE = "GPUNET_CACHE"
"""The environment variable that moves the cache to another folder."""

UNFINISHED = re.compile(r"\..*\.(?P<process>\d{1,9})\.\w+\.part")
"""The name of a file that a process is writing, or was when it was killed."""


def cache_folder() -> Path:
    """The folder that ``GPUNET_CACHE`` names, else the user's cache folder of the system.

    It need not exist.
    """
    from platformdirs import user_cache_path

    named = os.environ.get(VARIABLE, "").strip()
    return Path(named).expanduser() if named else user_cache_path("gpunet", appauthor=False)


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file so that it is there as a whole or not at all, whoever else writes it.

    Args:
        path: of the file; missing folders are made.
        write: writes the content to the file it is given.

    Raises:
        OSError: the folder cannot be written to, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent)
    prefix = f".{path.name}.{os.getpid()}."
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def sweep(folder: Path) -> None:
    """Remove the unfinished files of processes that were killed while they wrote to the folder."""
    with suppress(OSError):
        for path in folder.iterdir():
            unfinished = UNFINISHED.fullmatch(path.name)
            if unfinished and not _is_running(int(unfinished["process"])):
                path.unlink()


def _is_running(process: int) -> bool:
    """Whether a process of that number may still be writing."""
    if sys.platform == "win32":
        return False  # a file that is being written cannot be removed there
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return True
