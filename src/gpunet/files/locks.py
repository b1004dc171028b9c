"""Files that are held while a process works on what they stand for.

The lock is gone with its process, however that ends. Windows has none, but removes no open file.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, Any

if sys.platform != "win32":
    import fcntl

__all__ = ["is_held", "lock"]


def lock(file: IO[Any], *, wait: bool) -> None:
    """Take an open file for this process alone.

    Raises:
        BlockingIOError: another one holds it, and nobody wants to wait.
        OSError: the file system knows no locks.
    """
    if sys.platform != "win32":
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_held(path: Path) -> bool:
    """Whether a living process has locked a file."""
    try:
        if path.is_file():  # a pipe of that name would never be opened
            with path.open("rb") as file:
                lock(file, wait=False)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
