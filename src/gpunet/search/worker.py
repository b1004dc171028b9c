"""A worker's name: the host and the number of its process, and whether that lives."""

from __future__ import annotations

import os
import re
import socket
import sys

__all__ = ["WORKER_NAME", "is_process", "on_this_host", "process_of", "this_worker"]

WORKER_NAME = re.compile(r".*:\d{1,9}")
"""The host and the number of a process."""


def this_worker() -> str:
    """The host and the number of this process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def on_this_host(worker: str) -> bool:
    """Whether a worker of that name, or an empty one, is one of this host."""
    return worker.rpartition(":")[0] == socket.gethostname()


def process_of(worker: str) -> int:
    """The number of a worker's process."""
    return int(worker.rpartition(":")[2])


def is_process(number: int) -> bool:
    """Whether there is a process of this number on this host."""
    if sys.platform == "win32":
        import ctypes

        query = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION
        handle = ctypes.windll.kernel32.OpenProcess(query, False, number)
        return bool(handle and ctypes.windll.kernel32.CloseHandle(handle))
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # there is one, of another user
        return True
    return True
