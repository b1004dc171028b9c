"""How readers and downloads tell how far they are."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "untold"]


class Progress(Protocol):
    """Called with what is under way, how much of it is done, and how much there is in all.

    That is 0 if it is not known. The unit is ``bytes`` where such are counted.
    """

    def __call__(self, what: str, done: int, total: int, unit: str = "") -> None:
        """Take a report."""


def untold(what: str, done: int, total: int, unit: str = "") -> None:
    """A ``Progress`` that nobody hears of."""
