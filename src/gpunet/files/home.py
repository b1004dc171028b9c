"""Paths that begin in a user's home."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

__all__ = ["expanded"]


def expanded(name: str | Path) -> Path:
    """The path with the user's folder for ``~`` or ``~NAME``; as it is, as in shells, if none."""
    with suppress(RuntimeError):
        return Path(name).expanduser()
    return Path(name)
