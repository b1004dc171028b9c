"""Single keys and mouse events from the terminal, read in a thread, without waiting for Enter.

Owns the terminal's input mode and restores it. The meaning of a key is up to the listener. Ctrl-C
and Ctrl-Z remain signals, which belong to ``interrupts``; turning on mouse reports belongs to
``cells``.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, TextIO

from gpunet.terminal.draw.background import echo_again, in_foreground

__all__ = ["ANSWER", "Keyboard", "Mouse", "keys_in"]

TOKEN = re.compile(
    rb"\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\)|\[[0-?]*[ -/]*[@-~]|O.|[^\x1b]?)|.", re.DOTALL
)
"""One character, or one escape sequence from a key, the mouse or the terminal (ECMA-48, xterm);
Escape alone is a key."""

UNFINISHED = re.compile(rb"\x1b(?:\](?:\d[^\x07\x1b]{0,60}\x1b?)?|\[[0-?]*[ -/]*|O)?\Z")
"""An incomplete escape sequence at the end of the input; replies of the terminal are short."""

NAMED = re.compile(rb"\x1b[\[O](?:(\d+)(?:;\d+)?)?([A-Z~])")
"""The sequence of a key that is not a character, with or without Shift, Alt and Control."""

NAMES: Mapping[bytes, str] = {
    b"A": "up",
    b"B": "down",
    b"C": "right",
    b"D": "left",
    b"H": "home",
    b"F": "end",
    b"1~": "home",
    b"4~": "end",
    b"3~": "delete",
    b"5~": "page up",
    b"6~": "page down",
}

CHARACTERS: Mapping[str, str] = {
    "\r": "enter",
    "\n": "enter",
    "\t": "tab",
    "\x1b": "escape",
    "\x7f": "backspace",
    "\b": "backspace",
}

MOUSE = re.compile(rb"\x1b\[<(\d+);(\d+);(\d+)([Mm])")
"""A mouse report in xterm's mode 1006: event, column, row; a final ``m`` means released."""

MOVED, WHEEL = 32, 64
"""Bits of the event in a mouse report."""

ANSWER = "answer"
"""The key that stands for the terminal's reply to a status query."""

POLL = 0.05
"""Seconds between two checks of a Windows console, which has to be polled."""

ESCAPE = 0.05
"""Seconds without further input after which Escape counts as a key, not as part of a sequence."""


Act = Literal["press", "move", "release", "wheel up", "wheel down"]


@dataclass(frozen=True, slots=True)
class Mouse:
    """A mouse event on the screen.

    Args:
        act: a button press or release, a move with a button held, or a turn of the wheel.
        column: the cell's column, counted from 0.
        row: the cell's row, counted from 0.
        button: 0 for the left button, 1 for the middle one, 2 for the right one.
    """

    act: Act
    column: int
    row: int
    button: int = 0


class Keyboard:
    """Calls back with each key while the context is open; does nothing without a terminal.

    Both callbacks are called from the reading thread.

    Args:
        pressed: receives a character as typed, or the name of a key: "up", "down", "left",
            "right", "home", "end", "page up", "page down", "enter", "escape", "tab", "backspace",
            "delete"; ``ANSWER`` comes from the terminal itself.
        stream: the terminal's input, ``sys.stdin`` by default.
        moused: receives mouse events, if the terminal was told to report them.
    """

    def __init__(
        self,
        pressed: Callable[[str], None],
        stream: TextIO | None = None,
        moused: Callable[[Mouse], None] = lambda event: None,
    ) -> None:
        self._pressed = pressed
        self._moused = moused
        self._source = _source(sys.stdin if stream is None else stream)
        self._thread: threading.Thread | None = None

    @property
    def active(self) -> bool:
        """Whether keys are read."""
        return self._thread is not None and self._thread.is_alive()

    def resume(self) -> None:
        """Set the input mode and start reading keys, unless the process is in the background."""
        if self._source is None or not self._source.take() or self.active:
            return
        self._thread = threading.Thread(target=self._listen, name="keyboard", daemon=True)
        self._thread.start()

    def suspend(self) -> None:
        """Stop reading keys and restore the input mode, as before a suspension with Ctrl-Z."""
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
                if isinstance(key, Mouse):
                    self._moused(key)
                else:
                    self._pressed(key)


def keys_in(typed: bytes) -> tuple[list[str | Mouse], bytes]:
    """The keys and mouse events in a terminal's input, and an incomplete sequence at its end."""
    rest = UNFINISHED.search(typed)
    whole = typed[: rest.start()] if rest else typed
    keys = map(_key, TOKEN.findall(whole))
    return [key for key in keys if key], rest.group() if rest else b""


def _key(token: bytes) -> str | Mouse | None:
    """The key or mouse event of a character or an escape sequence; ``None`` if unknown."""
    if mouse := MOUSE.fullmatch(token):
        happened, column, row = map(int, mouse.groups()[:3])
        return _mouse(happened, column - 1, row - 1, released=mouse[4] == b"m")
    if named := NAMED.fullmatch(token):
        return NAMES.get((named[1] or b"") + b"~" if named[2] == b"~" else named[2])
    if token == b"\x1b[0n":
        return ANSWER
    return _character(token.decode("ascii", errors="ignore"))


def _character(typed: str) -> str | None:
    """A printable character as it is, or the name of its key; ``None`` if unknown."""
    return typed if len(typed) == 1 and typed.isprintable() else CHARACTERS.get(typed)


def _mouse(happened: int, column: int, row: int, released: bool) -> Mouse | None:
    button = happened & 3
    if happened & WHEEL:
        return Mouse("wheel down" if button else "wheel up", column, row) if button < 2 else None
    act: Act = "release" if released else "move" if happened & MOVED else "press"
    return Mouse(act, column, row, button)


def _source(stream: TextIO) -> _Source | None:
    with contextlib.suppress(
        AttributeError, ValueError, OSError
    ):  # sys.stdin may be None or closed
        if stream.isatty():
            return _Source(stream)
    return None


if sys.platform == "win32":
    import msvcrt

    CODES = dict(
        zip(
            "HPKMGOSIQ",
            ("up", "down", "left", "right", "home", "end", "delete", "page up", "page down"),
            strict=True,
        )
    )
    """Keys by the character that follows a function key's prefix."""

    class _Source:
        """Keys from a Windows console."""

        def __init__(self, stream: TextIO) -> None:
            self._closing = threading.Event()

        def take(self) -> bool:
            self._closing.clear()
            return True

        def release(self) -> None:
            pass

        def read(self) -> list[str | Mouse] | None:
            """The next keys; ``None`` after ``wake``."""
            while not self._closing.wait(POLL):
                if msvcrt.kbhit():
                    typed = msvcrt.getwch()
                    function = typed in "\x00\xe0"  # a prefix; the key's code follows
                    key = CODES.get(msvcrt.getwch()) if function else _character(typed)
                    return [key] if key else []
            return None

        def wake(self) -> None:
            self._closing.set()

else:
    import select
    import termios
    import tty

    class _Source:
        """Keys from a POSIX terminal, in cbreak mode: no line buffering or echo, but signals."""

        def __init__(self, stream: TextIO) -> None:
            self._stream = stream
            self._descriptor = stream.fileno()
            self._saved: list[Any] | None = None
            self._wakened, self._waker = -1, -1
            self._unfinished = b""

        def take(self) -> bool:
            """Set cbreak mode; false in the background, where setting it would stop the process."""
            if not in_foreground(self._stream):
                return False
            if self._wakened < 0:
                self._wakened, self._waker = os.pipe()
            try:
                echo_again()  # a late reply about the background is dropped like any unknown key
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

        def read(self) -> list[str | Mouse] | None:
            """The next keys; ``None`` after ``wake``, or when the terminal is gone."""
            patience = ESCAPE if self._unfinished == b"\x1b" else None
            try:
                ready, _, _ = select.select([self._descriptor, self._wakened], [], [], patience)
                if self._wakened in ready:
                    return None
                if not ready:
                    self._unfinished = b""
                    return ["escape"]
                typed = os.read(self._descriptor, 1024)
            except (OSError, ValueError):
                return None
            if not typed:
                return None
            keys, self._unfinished = keys_in(self._unfinished + typed)
            return keys

        def wake(self) -> None:
            os.write(self._waker, b"x")
