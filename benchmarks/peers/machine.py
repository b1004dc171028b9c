"""The machine on which figures were measured, in words for tables and file names."""

from __future__ import annotations

import platform
import re
from pathlib import Path

from peers.catalog import hardware
from peers.interface import thread_counts


def machine() -> str:
    """The processor, how many of its threads may be used, and the GPUs."""
    threads = next(iter(thread_counts()))
    return ", ".join((f"{_processor()} ({threads})", *(hardware() or ["no GPU"])))


def results(name: str) -> str:
    """The name of the files with a script's results of this kind of machine, without a suffix."""
    words = hardware() or [_processor(), *list(thread_counts())[:1]]
    return f"{name}-{file_name(' '.join(words))}"


def file_name(name: str) -> str:
    """A device's name as a part of a file's: ``NVIDIA H100 80GB`` as ``nvidia-h100-80gb``."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _processor() -> str:
    """Linux keeps the name to itself in Python's ``platform``."""
    listed = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", listed.read_text()) if listed.exists() else None
    return found[1] if found else platform.processor() or platform.machine()
