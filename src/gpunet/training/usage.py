"""A run's use of the machine: memory, processors, and the device's time.

It is measured once a second, which costs less than a thousandth of a run. Values that a system or
a device does not provide are left out, never guessed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gpunet.engine.interface import Engine

__all__ = ["Usage", "UsageMeter", "own_memory"]

EVERY = 1.0
"""Seconds between two measurements."""

PAGES = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True)
class Usage:
    """The current use of the machine, as in ``Progress``; ``None`` if a value is not available."""

    host_memory: int | None = None
    device_memory: int | None = None
    processors: float | None = None
    step_seconds: float | None = None
    device_share: float | None = None


class UsageMeter:
    """Measures a run's use of the machine once a second."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.perf_counter) -> None:
        self._engine, self._clock = engine, clock
        self._usage = Usage()
        self._began, self._worked = clock(), time.process_time()
        self._timed_at = clock()
        self._has_clock = engine.busy_seconds() is not None

    @contextmanager
    def steps(self, count: int) -> Iterator[None]:
        """Enclose some training steps; their time is measured if a second has passed."""
        began = self._clock()
        if began - self._timed_at < EVERY:
            yield
            return
        self._timed_at = began
        before = self._engine.busy_seconds()
        self._engine.clocked = self._has_clock
        try:
            yield
        finally:
            self._engine.clocked = False
        seconds, busy = self._clock() - began, self._engine.busy_seconds()
        share = None if busy is None or before is None else min(1.0, (busy - before) / seconds)
        self._usage = replace(self._usage, step_seconds=seconds / count, device_share=share)

    def now(self) -> Usage:
        """The use of the machine in the last second."""
        now = self._clock()
        if now - self._began >= EVERY or self._usage.host_memory is None:
            self._usage = replace(
                self._usage, host_memory=own_memory(), device_memory=self._engine.memory()
            )
        if now - self._began >= EVERY:
            worked = time.process_time()
            share = (worked - self._worked) / (now - self._began)
            self._usage = replace(self._usage, processors=share)
            self._began, self._worked = now, worked
        return self._usage


def own_memory() -> int | None:
    """Bytes of the machine's memory that this process uses; ``None`` if not available."""
    try:
        return int(PAGES.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):  # not Linux
        return None
