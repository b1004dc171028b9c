"""The name of a worker: its host and process number; and whether the process is alive."""

from __future__ import annotations

import os
import re
import socket
import sys

__all__ = ["WORKER_NAME", "is_process", "on_this_host", "process_of", "this_worker"]

WORKER_NAME = re.compile(r".*:\d{1,9}")
"""Pattern of a worker's name: host and process number."""


def this_worker() -> str:
    """The name of this worker: host and process number."""
    return f"{socket.gethostname()}:{os.getpid()}"


def on_this_host(worker: str) -> bool:
    """Whether a worker runs on this host; an empty name counts as one that does."""
    return worker.rpartition(":")[0] == socket.gethostname()


def process_of(worker: str) -> int:
    """The process number in a worker's name."""
    return int(worker.rpartition(":")[2])


def is_process(number: int) -> bool:
    """Whether a process with this number runs on this host."""
    if sys.platform == "win32":
        import ctypes

        query = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION
        handle = ctypes.windll.kernel32.OpenProcess(query, False, number)
        return bool(handle and ctypes.windll.kernel32.CloseHandle(handle))
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it exists but belongs to another user
        return True
    return True
