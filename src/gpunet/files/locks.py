"""Lock files, which a process holds while it works.

The lock ends with its process, however that ends. Windows has no such locks, but does not remove
open files.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, Any

if sys.platform != "win32":
    import fcntl

__all__ = ["is_held", "lock"]


def lock(file: IO[Any], *, wait: bool) -> None:
    """Lock an open file for this process alone.

    Raises:
        BlockingIOError: another process holds it, and ``wait`` is false.
        OSError: the file system has no locks.
    """
    if sys.platform != "win32":
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_held(path: Path) -> bool:
    """Whether a living process has locked a file."""
    try:
        if path.is_file():  # opening a pipe of that name would block
            with path.open("rb") as file:
                lock(file, wait=False)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
