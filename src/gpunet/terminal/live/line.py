"""Flow control for the connection to the terminal, which reports when it has read a frame.

Output to a remote terminal waits in buffers on the way. So the next frame is drawn only once the
terminal has replied to the query after the previous one. A slow connection then gets fewer frames
but no outdated ones, and a key press shows in the next frame.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

__all__ = ["Line"]

QUESTION = "\x1b[5n"
"""Status query (ECMA-48, DSR); nearly every terminal replies to it once it has read this far."""

SILENCE = 10.0
"""Seconds to wait for a reply from a terminal that has replied before."""

LATE = 0.5
"""Seconds to wait at the end for a reply from a terminal that has never replied."""

LOOK = 0.05
"""Seconds between two checks of whether a reply may still arrive."""


class Line:
    """The connection to a terminal, and whether output is still on its way.

    Args:
        shown: called in the input thread once the terminal has read all output.
        heard: returns whether the terminal's replies are being read.
    """

    def __init__(self, shown: Callable[[], None], heard: Callable[[], bool]) -> None:
        self.slowest = 0.0
        """Seconds that the slowest reply took."""
        self._tell_shown, self._is_heard = shown, heard
        self._answers = False  # whether the terminal has ever replied; not all do
        self._asked_at = 0.0
        self._shown = threading.Event()
        self._shown.set()

    def question(self) -> str:
        """The query to write after a frame; empty if nothing would read the reply."""
        if not self._is_heard():
            return ""
        self._asked_at = time.monotonic()
        self._shown.clear()
        return QUESTION

    def answered(self) -> None:
        """Handle the terminal's reply."""
        self._answers = True
        self.slowest = max(self.slowest, time.monotonic() - self._asked_at)
        self._shown.set()
        self._tell_shown()

    @property
    def is_busy(self) -> bool:
        """Whether output is still on its way, as far as the terminal's replies show."""
        return self._answers and self._is_awaited(SILENCE)

    def settle(self) -> None:
        """Wait until nothing is on its way, so that the last reply does not reach the shell."""
        while self._is_awaited(SILENCE if self._answers else LATE):
            self._shown.wait(LOOK)

    def _is_awaited(self, seconds: float) -> bool:
        """Whether a reply may still arrive within ``seconds`` of the query."""
        if self._shown.is_set() or not self._is_heard():
            return False
        return time.monotonic() < self._asked_at + seconds
