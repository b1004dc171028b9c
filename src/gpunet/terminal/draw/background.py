"""Whether the terminal is dark or light: it is asked, where a person sits at one.

Owns the question (xterm's OSC 11, which nearly all terminals know) and its answer, which comes as
if somebody typed it: it is never echoed, and the shell does not get it. Which colors go with a
background belongs to ``style``.
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
"""What is the background's color, and what are you? The second is answered by every terminal, so
that nothing is waited for in one that has no answer to the first."""

LAST_ANSWER = re.compile(rb"\x1b\[\?[\d;]*c")
COLOR = re.compile(rb"\x1b\]11;rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})")

WAIT = 0.1
"""Seconds that a command waits for the answer."""

LATE = 0.6
"""Seconds after the question within which an answer may still come, as from far away."""

MIDDLE = 0.179
"""The luminance at which black and white have the same contrast."""

LIGHT_NUMBERS = {"7", *map(str, range(9, 16))}
"""The light ones among the sixteen colors, as ``COLORFGBG`` numbers them."""


def declared_background(environ: Mapping[str, str]) -> Background:
    """What ``COLORFGBG`` says, which some terminals set: ``15;0`` is white on black."""
    number = environ.get("COLORFGBG", "").rpartition(";")[2]
    if not number.isdigit():
        return "unknown"
    return "light" if number in LIGHT_NUMBERS else "dark"


def background_of_terminal(keys: IO[str] | None, screen: IO[str]) -> Background:
    """What the terminal says when it is asked; unknown where there is none, or no answer.

    Nothing is asked while somebody has typed ahead, which would look like the answer, nor
    in the background, where that would stop the process.

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
    """Give the input mode back though an answer may still come: somebody else takes it over."""
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
    """Whether the process may draw on and read from its terminal now; true if nobody can tell."""
    if sys.platform == "win32":
        return True
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except (OSError, ValueError):  # no terminal, or not the one that the process belongs to
        return True


def is_one_terminal(keys: IO[str] | None, screen: IO[str]) -> bool:
    """Whether the terminal answers by these keys what is asked on the screen."""
    if sys.platform == "win32" or keys is None:
        return False
    try:
        devices = {os.fstat(stream.fileno()).st_rdev for stream in (keys, screen)}
        return keys.isatty() and screen.isatty() and len(devices) == 1
    except (OSError, ValueError):  # closed, or not even a file
        return False


if sys.platform != "win32":

    class _Conversation:
        """One question to a terminal, whose input mode is given back once it is over.

        Args:
            keys: the descriptor of the terminal's input.
            screen: of its output.
        """

        def __init__(self, keys: int, screen: int) -> None:
            self._keys, self._screen = keys, screen
            self._answer = b""
            self._asked_at = 0.0
            self._mode: list[Any] = []

        def answer(self) -> bytes:
            """All that the terminal says in time."""
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
            """Read until the last answer, or until so long after the question."""
            while not LAST_ANSWER.search(self._answer):
                left = self._asked_at + seconds - time.monotonic()
                if not self._may_be_read(max(0.0, left)):
                    return
                part = os.read(self._keys, 1024)
                if not part:
                    return
                self._answer += part

        def _end(self) -> None:
            """Swallow an answer that is late, so that the shell does not get it."""
            with contextlib.suppress(OSError, termios.error):  # the terminal is gone
                self._listen(LATE)
                self.give_back()

        def give_back(self) -> None:
            """Set the input mode that there was before the question."""
            termios.tcsetattr(self._keys, termios.TCSANOW, self._mode)

        def _may_be_read(self, seconds: float) -> bool:
            return bool(select.select([self._keys], [], [], seconds)[0])

    _unanswered: list[_Conversation] = []
