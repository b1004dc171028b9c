"""The live screen of a training run: an observer that draws what it is told.

Owns the terminal while it is open, and the pace of drawing. One thread of its own does all that
is done to the terminal: training never waits for it, and a signal that comes while the main
thread writes never writes in between. What a frame looks like belongs to ``screen``.
"""

from __future__ import annotations

import contextlib
import io
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from enum import Enum, auto
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self, TextIO

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions
from rich.live import Live

from gpunet.terminal.block import Block
from gpunet.terminal.console import in_foreground
from gpunet.terminal.interrupts import Interrupts
from gpunet.terminal.keyboard import Keyboard
from gpunet.terminal.screen import View, closing_view, screen
from gpunet.training.events import Control, EpochRecord, Progress, RunInfo, StopReason
from gpunet.training.profile import Profile

__all__ = ["Dashboard"]

FRAME = 0.125
"""Seconds between two frames, at least."""

DRAWING_SHARE = 0.05
"""Of the time that may go into drawing; a slow machine gets fewer frames."""

TRACE = 400
"""Points kept of the first epoch; more than any terminal has dots for in half its width."""

PATIENCE = 1.0
"""Seconds to wait for the terminal before a stop with Ctrl-Z; it may take no output itself."""


class _Wish(Enum):
    """What the drawing thread is asked to do."""

    DRAW = auto()
    GIVE_BACK = auto()
    TAKE = auto()
    CLOSE = auto()


class Dashboard:
    """An observer with a live screen; open it as a context around the training.

    The terminal is restored when the context is left, whatever the way. What is written to the
    standard error meanwhile appears after that.

    Args:
        console: a terminal; ``wants_dashboard`` tells whether it is one.
        control: receives what the keys ask for.
        profile: of the training step, if it was measured.
        clock: seconds that only grow.
        keys: where keys come from, ``sys.stdin`` by default.
    """

    def __init__(
        self,
        console: Console,
        control: Control,
        *,
        profile: Profile | None = None,
        clock: Callable[[], float] = time.monotonic,
        keys: TextIO | None = None,
    ) -> None:
        self._console = console
        self._control = control
        self._clock = clock
        self._view = View(profile=profile)
        self._stale = True
        self._suspended = False
        # Unlike an Event, a SimpleQueue may be used from a signal handler.
        self._wishes: SimpleQueue[_Wish] = SimpleQueue()
        self._given_back: SimpleQueue[None] = SimpleQueue()
        self._drawer = threading.Thread(target=self._draw, name="dashboard", daemon=True)
        self._keyboard = Keyboard(self.pressed, keys)
        self._interrupts = Interrupts(control, self._suspend, self._resume, self._draw_soon)
        self._live = Live(
            self,
            console=console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._opened = ExitStack()

    @property
    def view(self) -> View:
        """What the frames show now."""
        return self._view

    def closing_view(self) -> Block:
        """The run's head and its curves, to be printed once the screen is gone."""
        return closing_view(self._console, self._view)

    def started(self, run: RunInfo) -> None:
        """Training is about to start."""
        view = replace(self._view, run=run, records=run.history, best_epoch=run.best_epoch)
        self._show(view)

    def progressed(self, progress: Progress) -> None:
        """Some steps are done."""
        view = replace(self._view, progress=progress, heard_at=self._clock())
        if not view.records and progress.train_loss is not None:
            share = progress.step / max(1, progress.steps)
            accuracy = progress.train_accuracy
            point = (share, progress.train_loss, np.nan if accuracy is None else accuracy)
            trace = view.trace if len(view.trace) < TRACE else view.trace[::2]
            view = replace(view, trace=(*trace, point))
        self._show(view)

    def epoch_ended(
        self,
        record: EpochRecord,
        best_epoch: int,
        patience_left: int | None,
        gallery: NDArray[np.float32],
    ) -> None:
        """An epoch and its validation are done."""
        self._show(
            replace(
                self._view,
                records=(*self._view.records, record),
                best_epoch=best_epoch,
                patience_left=patience_left,
                gallery=gallery,
            )
        )

    def stopped(self, reason: StopReason, best_epoch: int) -> None:
        """No further epoch follows."""
        self._show(replace(self._view, reason=reason, best_epoch=best_epoch))

    def pressed(self, key: str) -> None:
        """Take a key: ``q`` stops after the epoch, ``p`` pauses and resumes."""
        if key == "q":
            self._control.stop_after_epoch.set()
            self._control.paused.clear()
        elif key == "p" and self._control.paused.is_set():
            self._control.paused.clear()
        elif key == "p":
            self._control.paused.set()
        self._wishes.put(_Wish.DRAW)

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            opening.enter_context(self._interrupts)
            opening.enter_context(_held_back_errors())
            opening.callback(self._keyboard.suspend)
            opening.callback(self._drawer.join)
            opening.callback(self._wishes.put, _Wish.CLOSE)
            self._drawer.start()
            self._opened = opening.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._interrupts.leave()
        self._opened.close()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Block]:
        size = options.max_width, options.height or options.max_height
        view, control, keys = self._view, self._control, self._keyboard.active
        yield screen(console, view, control, size, self._clock(), keys)

    def _show(self, view: View) -> None:
        self._view = view
        self._stale = True

    def _suspend(self) -> None:
        """Have the terminal given back; called in a signal handler."""
        self._given_back = SimpleQueue()
        self._wishes.put(_Wish.GIVE_BACK)
        if self._drawer.is_alive():
            with contextlib.suppress(Empty):
                self._given_back.get(timeout=PATIENCE)

    def _draw_soon(self) -> None:
        """Show what was asked for; called in a signal handler."""
        self._wishes.put(_Wish.DRAW)

    def _resume(self) -> None:
        """Have the terminal taken again; called in a signal handler."""
        self._wishes.put(_Wish.TAKE)

    def _draw(self) -> None:
        """Draw what is new, and the clock once a second, until the context is left."""
        with contextlib.suppress(OSError):  # the terminal is gone; training goes on
            try:
                self._take_terminal()
                self._draw_frames()
            finally:
                self._live.stop()

    def _draw_frames(self) -> None:
        pause, second, size = FRAME, -1, self._console.size
        while (wish := self._next_wish(pause)) is not _Wish.CLOSE:
            self._obey(wish)
            now = self._clock()
            if not self._live.is_started:
                continue
            if not self._stale and (int(now), self._console.size) == (second, size):
                continue
            self._stale = False
            second, size = int(now), self._console.size
            self._live.refresh()
            pause = max(FRAME, (self._clock() - now) / DRAWING_SHARE)

    def _next_wish(self, seconds: float) -> _Wish | None:
        """The next wish, waited for at most so long."""
        try:
            return self._wishes.get(timeout=seconds)
        except Empty:
            return None

    def _obey(self, wish: _Wish | None) -> None:
        if wish is _Wish.GIVE_BACK:
            self._suspended = True
            self._live.stop()
            self._keyboard.suspend()
            self._given_back.put(None)
        elif wish is _Wish.TAKE:
            self._suspended = False
        elif wish is _Wish.DRAW:
            self._stale = True
        if not self._suspended and not self._live.is_started:
            self._take_terminal()  # nobody tells of being brought back from the background

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
