"""How fast the line to the terminal is: the terminal itself says when it has shown a frame.

What is written to a terminal far off waits in buffers on the way. The next frame is drawn only once
the terminal has answered the question behind the one before, so that a slow line gets fewer frames
and none that is old, and a key is answered by the next one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

__all__ = ["Line"]

QUESTION = "\x1b[5n"
"""Is all well? Nearly every terminal answers that it is (ECMA-48, DSR), once it has read so far."""

SILENCE = 10.0
"""Seconds after which no answer is waited for any more."""

LATE = 0.5
"""The same at the end, of a terminal that has never answered."""

LOOK = 0.05
"""Seconds between two looks whether an answer may still come."""


class Line:
    """What is on its way to a terminal.

    Args:
        shown: called once the terminal has shown all that was written, in the thread that reads.
        heard: whether somebody reads what the terminal answers.
    """

    def __init__(self, shown: Callable[[], None], heard: Callable[[], bool]) -> None:
        self.slowest = 0.0
        """Seconds that the slowest answer took."""
        self._tell_shown, self._is_heard = shown, heard
        self._answers = False  # whether it has ever answered: not every terminal does
        self._asked_at = 0.0
        self._shown = threading.Event()
        self._shown.set()

    def question(self) -> str:
        """What is written behind a frame; nothing if nobody would read the answer."""
        if not self._is_heard():
            return ""
        self._asked_at = time.monotonic()
        self._shown.clear()
        return QUESTION

    def answered(self) -> None:
        """Take the terminal's answer."""
        self._answers = True
        self.slowest = max(self.slowest, time.monotonic() - self._asked_at)
        self._shown.set()
        self._tell_shown()

    @property
    def is_busy(self) -> bool:
        """Whether something is still on its way, as far as the terminal tells."""
        return self._answers and self._is_awaited(SILENCE)

    def settle(self) -> None:
        """Wait until nothing is on its way: the last answer is not for the shell."""
        while self._is_awaited(SILENCE if self._answers else LATE):
            self._shown.wait(LOOK)

    def _is_awaited(self, seconds: float) -> bool:
        """Whether an answer may still come within so many seconds from the question on."""
        if self._shown.is_set() or not self._is_heard():
            return False
        return time.monotonic() < self._asked_at + seconds
