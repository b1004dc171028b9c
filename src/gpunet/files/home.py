"""Paths that begin with a user's home folder."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

__all__ = ["expanded"]


def expanded(name: str | Path) -> Path:
    """The path with ``~`` or ``~NAME`` expanded, as in shells; unchanged for unknown users."""
    with suppress(RuntimeError):
        return Path(name).expanduser()
    return Path(name)
