"""Measures memory and time of a process and its children, and runs programs that use processors.

Linux tells; elsewhere nothing is known. A peer that loads data by other processes is measured with
them: pages that they share with it count for each, as Linux's ``RssAnon`` counts them.
"""

from __future__ import annotations

import math
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

__all__ = ["PeakMemory", "beside", "free_memory", "own_memory", "processor_seconds"]

BUSY = ("sh", "-c", "while :; do :; done")

SECONDS_BETWEEN_SAMPLES = 0.02


@contextmanager
def beside(programs: int) -> Iterator[None]:
    """Run this many programs that keep cores busy while the context is open."""
    busy = [subprocess.Popen(BUSY) for _ in range(programs)]
    try:
        time.sleep(0.1)
        yield
    finally:
        for one in busy:
            one.kill()
            one.wait()


def own_memory(process: int) -> int | None:
    """Bytes that a process and its children hold now, pages of files not counted."""
    sizes = [_kibibytes(Path(f"/proc/{one}/status"), "RssAnon") for one in _family(process)]
    known = [size for size in sizes if size is not None]
    return 1024 * sum(known) if known else None


def free_memory() -> int | None:
    """Bytes of the machine's memory that are free, or are when files are forgotten."""
    size = _kibibytes(Path("/proc/meminfo"), "MemAvailable")
    return None if size is None else 1024 * size


def processor_seconds(process: int) -> float:
    """Seconds of the processors that a process and its children have used; NaN if not known."""
    ticks = [one for one in map(_ticks, _family(process)) if one is not None]
    return sum(ticks) / os.sysconf("SC_CLK_TCK") if ticks else math.nan


class PeakMemory:
    """The most ``own_memory`` of some processes that was seen, as long as the context is open."""

    def __init__(self) -> None:
        self._bytes: dict[int, int] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def watch(self, process: int) -> None:
        """Look at a process, too, from now on."""
        self._bytes[process] = 0

    def of(self, process: int) -> int | None:
        """The most bytes that were seen; ``None`` if the system does not tell."""
        return self._bytes[process] or None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(SECONDS_BETWEEN_SAMPLES):
            for process, known in list(self._bytes.items()):
                self._bytes[process] = max(own_memory(process) or 0, known)


def _family(process: int) -> Iterator[int]:
    """A process and all that descend from it by its first thread, which starts the others."""
    yield process
    with suppress(OSError):
        for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
            yield from _family(int(child))


def _kibibytes(file: Path, name: str) -> int | None:
    with suppress(OSError):
        for line in file.read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
    return None


def _ticks(process: int) -> int | None:
    """What the system counts of a process's time, that of children that have ended included."""
    with suppress(OSError):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15]))
    return None
