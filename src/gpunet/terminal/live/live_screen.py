"""A screen that takes the terminal, draws on it, reads keys, and gives it back.

Owns the terminal while it is open, and the pace of drawing. One thread of its own does all that
is done to the terminal: the work never waits for it, and a signal that comes while the main
thread writes never writes in between. What a frame shows belongs to the subclasses.
"""

from __future__ import annotations

import contextlib
import io
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack
from enum import Enum, auto
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Self, TextIO

from rich.console import Console, ConsoleOptions
from rich.live import Live

from gpunet.terminal.draw.background import in_foreground
from gpunet.terminal.draw.block import Block
from gpunet.terminal.live.interrupts import Interrupts
from gpunet.terminal.live.keyboard import Keyboard, Mouse
from gpunet.training.events import Control

__all__ = ["LiveScreen"]

FRAME = 0.125
"""Seconds between two frames, at least."""

DRAWING_SHARE = 0.05
"""The share of a processor's time that drawing may take; a slow machine gets fewer frames."""

MOUSE = "\x1b[?1002h\x1b[?1006h", "\x1b[?1006l\x1b[?1002l"
"""Have the terminal tell of its mouse's buttons and of what is dragged; have it tell no more."""

PATIENCE = 1.0
"""Seconds to wait for the terminal before a stop with Ctrl-Z; it may take no output itself."""


class _Request(Enum):
    """What the drawing thread is asked to do."""

    DRAW = auto()
    GIVE_BACK = auto()
    TAKE = auto()
    CLOSE = auto()


class LiveScreen(ABC):
    """A live screen; open it as a context around the work.

    The terminal is restored when the context is left, whatever the way. What is written to the
    standard error meanwhile appears after that.

    Args:
        console: a terminal; ``wants_dashboard`` tells whether it is one.
        control: receives what the keys ask for; its clock tells the time.
        keys: where keys come from, ``sys.stdin`` by default.
    """

    view: Any
    """What the frames show now: a dataclass that is replaced as a whole when something is news."""

    def __init__(self, console: Console, control: Control, *, keys: TextIO | None = None) -> None:
        self._console = console
        self._control = control
        self._clock = control.clock
        self._stale = True
        self._suspended = False
        # Unlike an Event, a SimpleQueue may be used from a signal handler.
        self._requests: SimpleQueue[_Request] = SimpleQueue()
        self._given_back: SimpleQueue[None] = SimpleQueue()
        self._drawer = threading.Thread(target=self._draw, name="screen", daemon=True)
        self._keyboard = Keyboard(self.pressed, keys, self.moused)
        self._mouse_told = False
        take = partial(self._requests.put, _Request.TAKE)
        draw = partial(self._requests.put, _Request.DRAW)
        self._interrupts = Interrupts(control, self._suspend, take, draw)
        self._live = Live(
            self,
            console=console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._opened = ExitStack()

    @abstractmethod
    def frame(self, size: tuple[int, int], now: float, keys: bool) -> Block:
        """What to show.

        Args:
            size: columns and rows.
            now: the clock, in seconds.
            keys: whether single keys are read.
        """

    @property
    def wants_mouse(self) -> bool:
        """Whether the terminal is to tell of its mouse now; else it selects text, as ever."""
        return False

    def show(self, view: Any) -> None:
        """Take this view, and draw a frame soon."""
        self.view = view
        self._stale = True

    def pressed(self, key: str) -> None:
        """Take a key: ``q`` stops after the epoch, ``p`` pauses and resumes."""
        key = key.lower()
        if key == "q":
            self._control.stop_after_epoch.set()
            self._control.paused.clear()
        elif key == "p" and self._control.paused.is_set():
            self._control.paused.clear()
        elif key == "p":
            self._control.paused.set()
        self.hurry()

    def hurry(self) -> None:
        """Draw a frame at once, as somebody waits for what it did."""
        self._requests.put(_Request.DRAW)

    def moused(self, event: Mouse) -> None:  # noqa: B027 - few screens have a use for it
        """Take what the mouse did, where it is wanted."""

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            opening.enter_context(self._interrupts)
            opening.enter_context(_held_back_errors())
            opening.callback(self._keyboard.suspend)
            opening.callback(self._drawer.join)
            opening.callback(self._requests.put, _Request.CLOSE)
            self._drawer.start()
            self._opened = opening.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._interrupts.leave()
        self._opened.close()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Block]:
        size = options.max_width, options.height or options.max_height
        yield self.frame(size, self._clock(), self._keyboard.active)

    def _suspend(self) -> None:
        """Have the terminal given back; called in a signal handler."""
        self._given_back = SimpleQueue()
        self._requests.put(_Request.GIVE_BACK)
        if self._drawer.is_alive():
            with contextlib.suppress(Empty):
                self._given_back.get(timeout=PATIENCE)

    def _draw(self) -> None:
        """Draw what is new, and the clock once a second, until the context is left."""
        with contextlib.suppress(OSError):  # the terminal is gone; training goes on
            try:
                self._take_terminal()
                self._draw_frames()
            finally:
                self._leave_terminal()

    def _draw_frames(self) -> None:
        pause, drawn = FRAME, (-1, self._console.size)
        while (request := self._next_request(pause)) is not _Request.CLOSE:
            self._obey(request)
            seen = int(self._clock()), self._console.size
            if self._live.is_started and (self._stale or seen != drawn):
                self._stale, drawn = False, seen
                worked = time.thread_time()
                self._live.refresh()
                self._have_mouse_told(self.wants_mouse)
                pause = max(FRAME, (time.thread_time() - worked) / DRAWING_SHARE)

    def _next_request(self, seconds: float) -> _Request | None:
        """The next request, waited for at most so long."""
        try:
            return self._requests.get(timeout=seconds)
        except Empty:
            return None

    def _obey(self, request: _Request | None) -> None:
        if request is _Request.GIVE_BACK:
            self._suspended = True
            self._leave_terminal()
            self._keyboard.suspend()
            self._given_back.put(None)
        elif request is _Request.TAKE:
            self._suspended = False
        elif request is _Request.DRAW:
            self._stale = True
        if not self._suspended and not self._live.is_started:
            self._take_terminal()  # nobody tells of being brought back from the background

    def _have_mouse_told(self, wanted: bool) -> None:
        if wanted != self._mouse_told and sys.platform != "win32":
            self._mouse_told = wanted
            self._console.file.write(MOUSE[0 if wanted else 1])
            self._console.file.flush()

    def _leave_terminal(self) -> None:
        self._have_mouse_told(False)
        self._live.stop()

    def _take_terminal(self) -> None:
        """Draw and read; not in the background, where the terminal is the shell's."""
        if in_foreground(self._console.file):
            self._keyboard.resume()
            self._live.start(refresh=True)


@contextlib.contextmanager
def _held_back_errors() -> Iterator[None]:
    """Keep what Python code writes to the standard error, and write it at the end."""
    held_back = io.StringIO()
    try:
        with contextlib.redirect_stderr(held_back):
            yield
    finally:
        with contextlib.suppress(OSError):  # the terminal is gone
            sys.stderr.write(held_back.getvalue())
            sys.stderr.flush()
