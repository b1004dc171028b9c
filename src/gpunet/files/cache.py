"""The cache: the user's folder for downloaded and generated data."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from gpunet.errors import reason_of
from gpunet.files.home import expanded
from gpunet.files.whole_file import remove_leftovers, write_whole

__all__ = ["VARIABLE", "cache_folder", "disk", "keep", "store"]

VARIABLE = "GPUNET_CACHE"
"""The environment variable that moves the cache to another folder."""


def cache_folder() -> Path:
    """The folder in ``GPUNET_CACHE``, or the user's cache folder of the system.

    It need not exist.
    """
    from platformdirs import user_cache_path

    named = os.environ.get(VARIABLE, "").strip()
    return expanded(named) if named else user_cache_path("gpunet", appauthor=False)


def disk() -> tuple[int, int]:
    """Total and free bytes of the disk of the cache."""
    folder = cache_folder().absolute()
    there = next(above for above in (folder, *folder.parents) if above.exists())
    usage = shutil.disk_usage(there)
    return usage.total, usage.free


def store(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file of the cache as a whole; create missing folders and remove leftovers.

    Raises:
        OSError: the folder cannot be written to, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path.parent)
    write_whole(path, write)


def keep(path: Path, write: Callable[[BinaryIO], object], says: str) -> str | None:
    """Write a file of the cache with ``store``; a notice if that fails.

    ``says`` begins the notice, such as ``the download is not kept``.
    """
    try:
        store(path, write)
    except OSError as error:
        return (
            f"{says}, since {path.parent} cannot be written to "
            f"({reason_of(error)}); name another folder with {VARIABLE}"
        )
    return None
