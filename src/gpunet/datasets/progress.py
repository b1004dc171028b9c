"""How readers and downloads report progress."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "untold"]


class Progress(Protocol):
    """Called with the current activity, the amount done, and the total amount.

    The total is 0 if it is unknown. The unit is ``bytes`` if bytes are counted.
    """

    def __call__(self, what: str, done: int, total: int, unit: str = "") -> None:
        """Receive a report."""


def untold(what: str, done: int, total: int, unit: str = "") -> None:
    """A ``Progress`` that ignores all reports."""
