"""A screen that takes over the terminal, draws on it, reads keys, and restores it.

Owns the terminal while it is open, and the frame rate. A separate thread does all writing to the
terminal, so that the work never waits for it and a signal handler never writes in the middle of a
frame. The content of a frame belongs to the subclasses.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from enum import Enum, auto
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Self, TextIO

from rich.console import Console

from gpunet.terminal.draw.background import in_foreground, is_one_terminal
from gpunet.terminal.draw.block import Block
from gpunet.terminal.draw.style import glyphs
from gpunet.terminal.live.cells import Cells
from gpunet.terminal.live.interrupts import Interrupts
from gpunet.terminal.live.keyboard import ANSWER, Keyboard, Mouse
from gpunet.terminal.live.line import Line
from gpunet.terminal.live.title import Caption, Title
from gpunet.training.events import Control

__all__ = ["LiveScreen"]

FRAME = 0.1
"""Minimum seconds between two frames; key presses and resizing redraw at once."""

POLL = 0.025
"""Seconds between two checks of the terminal's size; a busy main thread could miss its signal."""

AFRESH, AFRESH_SHARE = 10.0, 0.05
"""Minimum seconds between two full redraws, which repair what other programs write on the screen,
and the maximum share of a slow connection that these redraws may take."""

DRAWING_SHARE = 0.05
"""Maximum share of a processor's time for drawing; a slow machine gets fewer frames."""

MEAN = 8
"""Frames over which the drawing time is averaged, so that a single slow one delays no other."""

PATIENCE = 1.0
"""Seconds to wait for the terminal to be released before Ctrl-Z suspends; output may be blocked."""


class _Request(Enum):
    """Requests to the drawing thread."""

    DRAW = auto()
    NEWS = auto()
    GIVE_BACK = auto()
    TAKE = auto()
    CLOSE = auto()


class LiveScreen(ABC):
    """A live screen; open it as a context around the work.

    The terminal is restored whenever and however the context is left. Output that Python code
    writes to stdout or stderr in the meantime appears after that.

    Args:
        console: a terminal; check it with ``wants_dashboard``.
        control: receives the requests made by keys; provides the clock.
        keys: where keys come from, ``sys.stdin`` by default.
    """

    view: Any
    """The state that frames show: an immutable value, replaced as a whole when it changes."""

    def __init__(self, console: Console, control: Control, *, keys: TextIO | None = None) -> None:
        self._console = console
        self._control = control
        self._clock = control.clock
        self._stale = True
        self._changing = threading.Lock()
        self._suspended = False
        # Unlike an Event, a SimpleQueue may be used from a signal handler.
        self._requests: SimpleQueue[_Request] = SimpleQueue()
        self._given_back: SimpleQueue[None] = SimpleQueue()
        self._drawer = threading.Thread(target=self._draw, name="screen", daemon=True)
        self._keyboard = Keyboard(self._typed, keys, self.moused)
        take = partial(self._requests.put, _Request.TAKE)
        draw = partial(self._requests.put, _Request.DRAW)
        self._interrupts = Interrupts(control, self._suspend, take, draw)
        one_terminal = is_one_terminal(sys.stdin if keys is None else keys, console.file)
        news = partial(self._requests.put, _Request.NEWS)
        self._line = Line(news, lambda: one_terminal and self._keyboard.active)
        self._cells = Cells(console, self._line.question)
        dot = glyphs(console.options.ascii_only).separator
        self._title = Title(os.environ, f" {dot} ")
        self._titled_at = -1
        self._opened = ExitStack()

    @abstractmethod
    def frame(self, size: tuple[int, int], now: float, keys: bool) -> Block:
        """Draw a frame.

        Args:
            size: columns and rows.
            now: the current time on the clock, in seconds.
            keys: whether single keys are read.
        """

    @property
    def wants_mouse(self) -> bool:
        """Whether the terminal should report its mouse; otherwise, the mouse selects text."""
        return False

    @property
    def caption(self) -> Caption | None:
        """The progress for the terminal's title; ``None`` if not known yet."""
        return None

    def show(self, view: Any) -> None:
        """Set the view and draw a frame soon."""
        self.view = view
        if not self._stale:  # otherwise, a frame is already due
            self._stale = True
            self._requests.put(_Request.NEWS)

    def change(self, change: Callable[[Any], Any]) -> None:
        """Set the view to ``change(view)``; no change from another thread is lost."""
        with self._changing:
            self.show(change(self.view))

    def pressed(self, key: str) -> None:
        """Handle a key: ``q`` stops after the epoch, ``p`` pauses and resumes."""
        key = key.lower()
        if key == "q":
            self._control.stop_after_epoch.set()
            self._control.paused.clear()
        elif key == "p" and self._control.paused.is_set():
            self._control.paused.clear()
        elif key == "p":
            self._control.paused.set()
        self.hurry()

    def _typed(self, key: str) -> None:
        if key == ANSWER:
            self._line.answered()
        else:
            self.pressed(key)

    def hurry(self) -> None:
        """Draw a frame at once, because the user is waiting for it."""
        self._requests.put(_Request.DRAW)

    def moused(self, event: Mouse) -> None:  # noqa: B027 - few screens have a use for it
        """Handle a mouse event, on a screen that wants the mouse."""

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            opening.enter_context(self._interrupts)
            opening.enter_context(_held_back_output())
            opening.callback(self._keyboard.suspend)
            opening.callback(self._drawer.join)
            opening.callback(self._requests.put, _Request.CLOSE)
            self._drawer.start()
            self._opened = opening.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._interrupts.leave()
        self._opened.close()

    def _suspend(self) -> None:
        """Have the drawing thread release the terminal; called in a signal handler."""
        self._given_back = SimpleQueue()
        self._requests.put(_Request.GIVE_BACK)
        if self._drawer.is_alive():
            with contextlib.suppress(Empty):
                self._given_back.get(timeout=PATIENCE)

    def _draw(self) -> None:
        """Take the terminal and draw frames until the context is left; runs in its own thread."""
        with contextlib.suppress(OSError):  # the terminal is gone; training goes on
            try:
                self._take_terminal()
                self._draw_frames()
            finally:
                self._line.settle()
                self._cells.close(self._title.end())

    def _draw_frames(self) -> None:
        """Draw changes within the frame rate, the clock every second, and user requests at once."""
        due = cost = 0.0
        afresh = -math.inf  # time of the latest full redraw
        asked = False
        drawn: tuple[int, object] = 0, None  # the second and the size of the last frame
        while (request := self._next_request(due)) is not _Request.CLOSE:
            self._obey(request)
            asked = asked or request not in (None, _Request.NEWS)
            if not self._cells.is_open or not self._requests.empty() or self._line.is_busy:
                continue
            now, second, size = time.monotonic(), int(self._clock()), self._console.size
            news = self._stale or second != drawn[0]
            if asked or size != drawn[1] or (news and now >= due):
                self._stale, asked, drawn = False, False, (second, size)
                if now >= afresh + max(AFRESH, self._line.slowest / AFRESH_SHARE):
                    self._cells.forget()
                    afresh = now
                took = self._draw_frame(size)
                cost += (took - cost) / (MEAN if cost else 1)
                due = now + max(FRAME, cost / DRAWING_SHARE)

    def _draw_frame(self, size: tuple[int, int]) -> float:
        """Draw a frame and return the processor time that it took, in seconds.

        Waiting for a processor is not counted, so a busy machine gets as many frames as an idle
        one.
        """
        worked = time.thread_time()
        now, title = self._clock(), ""
        if int(now) != self._titled_at:
            self._titled_at, title = int(now), self._title.tell(self.caption)
        block = self.frame(size, now, self._keyboard.active)
        self._cells.draw(block, self.wants_mouse, title)
        return time.thread_time() - worked

    def _next_request(self, due: float) -> _Request | None:
        """The next request; ``None`` if none arrives before a frame is due or ``POLL`` is over."""
        wait = due - time.monotonic()
        try:
            return self._requests.get(timeout=min(wait, POLL) if wait > 0 else POLL)
        except Empty:
            return None

    def _obey(self, request: _Request | None) -> None:
        if request is _Request.GIVE_BACK:
            self._suspended = True
            self._line.settle()
            self._cells.close(self._title.end())
            self._keyboard.suspend()
            self._given_back.put(None)
        elif request is _Request.TAKE:
            self._suspended = False
            self._cells.forget()
        if not self._suspended and not self._cells.is_open:
            self._take_terminal()  # no signal tells of a return to the foreground

    def _take_terminal(self) -> None:
        """Start to read keys and draw, unless the process is in the background."""
        if in_foreground(self._console.file):
            self._keyboard.resume()
            self._cells.open(self._title.begin())
            self._requests.put(_Request.DRAW)


@contextlib.contextmanager
def _held_back_output() -> Iterator[None]:
    """Hold back what Python code writes to stdout and stderr, and write it at the end."""
    printed, errors = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(errors):
            yield
    finally:
        for stream, text in ((sys.stdout, printed.getvalue()), (sys.stderr, errors.getvalue())):
            with contextlib.suppress(OSError):  # the terminal is gone
                stream.write(text)
                stream.flush()
