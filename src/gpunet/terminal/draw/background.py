"""Whether the terminal is dark or light; an interactive terminal is asked.

Owns the query (xterm's OSC 11, which nearly all terminals know) and its reply. The reply arrives
as if it were typed, so it is never echoed and never reaches the shell. The colors for each
background belong to ``style``.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import sys
import time
from collections.abc import Mapping
from typing import IO, Any

from gpunet.terminal.draw.style import Background

if sys.platform != "win32":
    import select
    import termios

__all__ = [
    "background_of_terminal",
    "declared_background",
    "echo_again",
    "in_foreground",
    "is_one_terminal",
]

QUESTION = b"\x1b]11;?\x1b\\\x1b[c"
"""Queries for the background color and the device attributes. Every terminal answers the second,
so there is no need to wait in a terminal that does not know the first."""

LAST_ANSWER = re.compile(rb"\x1b\[\?[\d;]*c")
COLOR = re.compile(rb"\x1b\]11;rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})")

WAIT = 0.1
"""Seconds that a command waits for the reply."""

LATE = 0.6
"""Seconds after the query within which a late reply may still arrive, as over a slow connection."""

MIDDLE = 0.179
"""The relative luminance that contrasts equally with black and white."""

LIGHT_NUMBERS = {"7", *map(str, range(9, 16))}
"""The light colors among the sixteen, as ``COLORFGBG`` numbers them."""


def declared_background(environ: Mapping[str, str]) -> Background:
    """The background in ``COLORFGBG``, which some terminals set: ``15;0`` is white on black."""
    number = environ.get("COLORFGBG", "").rpartition(";")[2]
    if not number.isdigit():
        return "unknown"
    return "light" if number in LIGHT_NUMBERS else "dark"


def background_of_terminal(keys: IO[str] | None, screen: IO[str]) -> Background:
    """The background that the terminal reports; unknown without a terminal or a reply.

    The terminal is not asked if the user has typed ahead, as that would be mixed up with the
    reply, nor if the process runs in the background, where asking would stop it.

    Args:
        keys: the terminal's input.
        screen: its output.
    """
    if keys is None or not is_one_terminal(keys, screen):
        return "unknown"
    try:
        if _unanswered or not in_foreground(screen):
            return "unknown"
        return _named(_Conversation(keys.fileno(), screen.fileno()).answer())
    except (OSError, ValueError, termios.error):  # no terminal any more
        return "unknown"


def echo_again() -> None:
    """Restore the input mode, though a reply may still come; call before others change the mode."""
    for conversation in _unanswered:
        conversation.give_back()


def _named(answer: bytes) -> Background:
    found = COLOR.search(answer)
    if found is None:
        return "unknown"
    shares = [int(part, 16) / (16 ** len(part) - 1) for part in found.groups()]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "light" if luminance > MIDDLE else "dark"


def in_foreground(stream: IO[str]) -> bool:
    """Whether the process may write to and read from its terminal now; true if unknown."""
    if sys.platform == "win32":
        return True
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except (OSError, ValueError):  # no terminal, or not the one that the process belongs to
        return True


def is_one_terminal(keys: IO[str] | None, screen: IO[str]) -> bool:
    """Whether input and output belong to the same terminal, so that a query gets its reply."""
    if sys.platform == "win32" or keys is None:
        return False
    try:
        devices = {os.fstat(stream.fileno()).st_rdev for stream in (keys, screen)}
        return keys.isatty() and screen.isatty() and len(devices) == 1
    except (OSError, ValueError):  # closed, or not even a file
        return False


if sys.platform != "win32":

    class _Conversation:
        """A query to a terminal; the input mode is restored afterwards.

        Args:
            keys: the file descriptor of the terminal's input.
            screen: the file descriptor of its output.
        """

        def __init__(self, keys: int, screen: int) -> None:
            self._keys, self._screen = keys, screen
            self._answer = b""
            self._asked_at = 0.0
            self._mode: list[Any] = []

        def answer(self) -> bytes:
            """The terminal's reply, as far as it arrives in time."""
            if self._may_be_read(0):
                return b""
            self._mode = termios.tcgetattr(self._keys)
            silent = termios.tcgetattr(self._keys)
            silent[3] &= ~(termios.ICANON | termios.ECHO)
            atexit.register(self._end)
            termios.tcsetattr(self._keys, termios.TCSANOW, silent)
            self._asked_at = time.monotonic()
            os.write(self._screen, QUESTION)
            self._listen(WAIT)
            if LAST_ANSWER.search(self._answer):  # else no echo until the process ends
                atexit.unregister(self._end)
                self.give_back()
            else:
                _unanswered.append(self)
            return self._answer

        def _listen(self, seconds: float) -> None:
            """Read until the last reply, or until ``seconds`` after the query."""
            while not LAST_ANSWER.search(self._answer):
                left = self._asked_at + seconds - time.monotonic()
                if not self._may_be_read(max(0.0, left)):
                    return
                part = os.read(self._keys, 1024)
                if not part:
                    return
                self._answer += part

        def _end(self) -> None:
            """Swallow a late reply, so that it does not reach the shell."""
            with contextlib.suppress(OSError, termios.error):  # the terminal is gone
                self._listen(LATE)
                self.give_back()

        def give_back(self) -> None:
            """Restore the input mode from before the query."""
            termios.tcsetattr(self._keys, termios.TCSANOW, self._mode)

        def _may_be_read(self, seconds: float) -> bool:
            return bool(select.select([self._keys], [], [], seconds)[0])

    _unanswered: list[_Conversation] = []
