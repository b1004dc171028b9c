"""The cache: a folder of the user's that keeps what was downloaded or drawn.

Owns where it lies and how a file gets into it whole. What is kept there belongs to ``download``
and ``catalog``.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

__all__ = ["VARIABLE", "cache_folder", "write_whole"]

VARIABLE = "GPUNET_CACHE"
"""The environment variable that moves the cache to another folder."""


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
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
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
