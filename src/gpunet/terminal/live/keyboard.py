"""Single keys from the terminal, read in a thread of their own, without waiting for Enter.

Owns the terminal's input mode and gives it back as it was. What a key means is up to the
listener; Ctrl-C and Ctrl-Z stay signals, which belong to ``interrupts``.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from collections.abc import Callable
from typing import Any, Self, TextIO

from gpunet.terminal.draw.background import echo_again, in_foreground

__all__ = ["Keyboard", "keys_in"]

SEQUENCE = re.compile(
    rb"\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\)|\[[0-?]*[ -/]*[@-~]|O.|.|\Z)", re.DOTALL
)
"""What an arrow or a function key sends, or the terminal answers, as ECMA-48 and xterm have it."""

UNFINISHED = re.compile(rb"\x1b(?:\](?:\d[^\x07\x1b]{0,60}\x1b?)?|\[[0-?]*[ -/]*|O)\Z")
"""The beginning of such a sequence, whose rest is still to come; an answer is short."""

POLL = 0.05
"""Seconds between two looks at a Windows console, which cannot be waited for."""


class Keyboard:
    """Calls back with each key while the context is open; does nothing without a terminal.

    Args:
        pressed: called from the reading thread with a lower-case character.
        stream: the terminal's input, ``sys.stdin`` by default.
    """

    def __init__(self, pressed: Callable[[str], None], stream: TextIO | None = None) -> None:
        self._pressed = pressed
        self._source = _source(sys.stdin if stream is None else stream)
        self._thread: threading.Thread | None = None

    @property
    def active(self) -> bool:
        """Whether keys are read."""
        return self._thread is not None

    def resume(self) -> None:
        """Take the terminal's input mode and read keys, unless the process is in the background."""
        if self._source is None or not self._source.take() or self.active:
            return
        self._thread = threading.Thread(target=self._listen, name="keyboard", daemon=True)
        self._thread.start()

    def suspend(self) -> None:
        """Stop reading and give the terminal's input mode back, as before a stop with Ctrl-Z."""
        if self._source is None or self._thread is None:
            return
        self._source.wake()
        self._thread.join()
        self._thread = None
        self._source.release()

    def __enter__(self) -> Self:
        self.resume()
        return self

    def __exit__(self, *exception: object) -> None:
        self.suspend()

    def _listen(self) -> None:
        assert self._source is not None
        while (keys := self._source.read()) is not None:
            for key in keys:
                self._pressed(key.lower())


def keys_in(typed: bytes) -> tuple[str, bytes]:
    """The keys among what came from a terminal, and the beginning of a sequence at its end."""
    rest = UNFINISHED.search(typed)
    whole = typed[: rest.start()] if rest else typed
    return SEQUENCE.sub(b"", whole).decode("ascii", errors="ignore"), rest.group() if rest else b""


def _source(stream: TextIO) -> _Source | None:
    with contextlib.suppress(
        AttributeError, ValueError, OSError
    ):  # sys.stdin may be None or closed
        if stream.isatty():
            return _Source(stream)
    return None


if sys.platform == "win32":
    import msvcrt

    class _Source:
        """A Windows console's keys."""

        def __init__(self, stream: TextIO) -> None:
            self._closing = threading.Event()

        def take(self) -> bool:
            self._closing.clear()
            return True

        def release(self) -> None:
            pass

        def read(self) -> str | None:
            """The next keys; ``None`` once woken up to end."""
            while not self._closing.wait(POLL):
                if msvcrt.kbhit():
                    key = msvcrt.getwch()
                    if key in "\x00\xe0":  # a function key: its code follows
                        msvcrt.getwch()
                        continue
                    return key
            return None

        def wake(self) -> None:
            self._closing.set()

else:
    import select
    import termios
    import tty

    class _Source:
        """A POSIX terminal's keys; its mode keeps signals on and turns lines and echo off."""

        def __init__(self, stream: TextIO) -> None:
            self._stream = stream
            self._descriptor = stream.fileno()
            self._saved: list[Any] | None = None
            self._wakened, self._waker = -1, -1
            self._unfinished = b""

        def take(self) -> bool:
            """Set the mode; not from the background, where that would stop the process."""
            if not in_foreground(self._stream):
                return False
            if self._wakened < 0:
                self._wakened, self._waker = os.pipe()
            try:
                echo_again()  # what comes late is dropped here, as keys are that nobody waits for
                self._saved = self._saved or termios.tcgetattr(self._descriptor)
                tty.setcbreak(self._descriptor, termios.TCSANOW)
            except (termios.error, OSError):
                return False
            return True

        def release(self) -> None:
            if self._wakened >= 0:
                os.close(self._wakened)
                os.close(self._waker)
                self._wakened, self._waker = -1, -1
            if self._saved is None:
                return
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(self._descriptor, termios.TCSANOW, self._saved)
            self._saved = None

        def read(self) -> str | None:
            """The next keys; ``None`` once woken up to end, or when the terminal is gone."""
            try:
                ready, _, _ = select.select([self._descriptor, self._wakened], [], [])
                if self._wakened in ready:
                    return None
                typed = os.read(self._descriptor, 64)
            except (OSError, ValueError):
                return None
            if not typed:
                return None
            keys, self._unfinished = keys_in(self._unfinished + typed)
            return keys

        def wake(self) -> None:
            os.write(self._waker, b"x")
