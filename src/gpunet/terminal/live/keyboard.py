"""Single keys and the mouse from the terminal, read in a thread, without waiting for Enter.

Owns the terminal's input mode and gives it back as it was. What a key means is up to the
listener; Ctrl-C and Ctrl-Z stay signals, which belong to ``interrupts``. That a terminal tells of
its mouse is asked for by who draws on it.
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
"""A character, or what an arrow, the mouse or the terminal itself sends, as ECMA-48 and xterm have
it; Escape alone is a key."""

UNFINISHED = re.compile(rb"\x1b(?:\](?:\d[^\x07\x1b]{0,60}\x1b?)?|\[[0-?]*[ -/]*|O)?\Z")
"""The beginning of such a sequence, whose rest is still to come; an answer is short."""

NAMED = re.compile(rb"\x1b[\[O](?:(\d+)(?:;\d+)?)?([A-Z~])")
"""A key that is no character, with Shift, Alt and Control or without."""

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
"""What xterm and those after it send in mode 1006: what happened, column, row; ``m`` let go."""

MOVED, WHEEL = 32, 64
"""Bits of what happened."""

ANSWER = "answer"
"""The key that a terminal itself presses when it was asked whether all is well."""

POLL = 0.05
"""Seconds between two looks at a Windows console, which cannot be waited for."""

ESCAPE = 0.05
"""Seconds after which Escape was a key, and not the beginning of a sequence."""


Act = Literal["press", "move", "release", "wheel up", "wheel down"]


@dataclass(frozen=True, slots=True)
class Mouse:
    """Something that the mouse did on the screen.

    Args:
        act: a button was pressed or let go, it moved with a button held, or its wheel was turned.
        column: of the cell, counted from 0.
        row: likewise.
        button: 0 is the left one, 1 the middle one, 2 the right one.
    """

    act: Act
    column: int
    row: int
    button: int = 0


class Keyboard:
    """Calls back with each key while the context is open; does nothing without a terminal.

    Both callbacks are called from the reading thread.

    Args:
        pressed: gets a character as it was typed, or the name of a key: "up", "down", "left",
            "right", "home", "end", "page up", "page down", "enter", "escape", "tab", "backspace",
            "delete"; ``ANSWER`` comes from the terminal itself.
        stream: the terminal's input, ``sys.stdin`` by default.
        moused: gets what the mouse does, where the terminal was asked to tell.
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
                if isinstance(key, Mouse):
                    self._moused(key)
                else:
                    self._pressed(key)


def keys_in(typed: bytes) -> tuple[list[str | Mouse], bytes]:
    """What came from a terminal, key by key, and the beginning of a sequence at its end."""
    rest = UNFINISHED.search(typed)
    whole = typed[: rest.start()] if rest else typed
    keys = map(_key, TOKEN.findall(whole))
    return [key for key in keys if key], rest.group() if rest else b""


def _key(token: bytes) -> str | Mouse | None:
    """What a character or a sequence stands for; ``None`` if it is no key of ours."""
    if mouse := MOUSE.fullmatch(token):
        happened, column, row = map(int, mouse.groups()[:3])
        return _mouse(happened, column - 1, row - 1, released=mouse[4] == b"m")
    if named := NAMED.fullmatch(token):
        return NAMES.get((named[1] or b"") + b"~" if named[2] == b"~" else named[2])
    if token == b"\x1b[0n":
        return ANSWER
    return _character(token.decode("ascii", errors="ignore"))


def _character(typed: str) -> str | None:
    """A character as it is, or the name of its key."""
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
    """What follows the mark of a function key."""

    class _Source:
        """A Windows console's keys."""

        def __init__(self, stream: TextIO) -> None:
            self._closing = threading.Event()

        def take(self) -> bool:
            self._closing.clear()
            return True

        def release(self) -> None:
            pass

        def read(self) -> list[str | Mouse] | None:
            """The next keys; ``None`` once woken up to end."""
            while not self._closing.wait(POLL):
                if msvcrt.kbhit():
                    typed = msvcrt.getwch()
                    function = typed in "\x00\xe0"  # its code follows
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

        def read(self) -> list[str | Mouse] | None:
            """The next keys; ``None`` once woken up to end, or when the terminal is gone."""
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
