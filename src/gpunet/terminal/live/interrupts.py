"""Signals during long work: Ctrl-C, Ctrl-Z, ``SIGTERM``, and ``SIGHUP`` for a closed terminal.

Owns the signal handlers and restores the previous ones. Suspending and resuming the terminal
belongs to the screen.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

from gpunet.training.events import Control

__all__ = ["Interrupts"]


class Interrupts:
    """Turns signals into requests to stop while the context is open.

    The first Ctrl-C, ``SIGTERM`` or ``SIGHUP`` asks the run to stop and save; the latter two also
    store their number in ``control``. The next one raises an exception, so that every context is
    left in order: ``KeyboardInterrupt`` for Ctrl-C, else ``SystemExit`` with 128 + its number.
    Ctrl-Z suspends the process as usual, after calling ``suspend``; ``resume`` is called when it
    continues, and the clock in ``control`` stands still in between.
    Only the main thread can handle signals; in other threads, the context does nothing.

    The three callbacks run inside a signal handler, between any two steps of the main thread. So
    they must not take a lock that the main thread may hold, as a print or an ``Event`` does.

    Args:
        control: receives the request to stop.
        suspend: releases the terminal.
        resume: takes the terminal again; may be called without a prior ``suspend``.
        asked: called once, when the run is asked to stop.
    """

    def __init__(
        self,
        control: Control,
        suspend: Callable[[], None] = lambda: None,
        resume: Callable[[], None] = lambda: None,
        asked: Callable[[], None] = lambda: None,
    ) -> None:
        self._control = control
        self._suspend = suspend
        self._resume = resume
        self._tell_asked = asked
        self._asked = False
        self._leaving = False
        self._previous: dict[int, Any] = {}

    def leave(self) -> None:
        """Raise nothing from now on, as the terminal is about to be restored."""
        self._leaving = True

    def __enter__(self) -> Self:
        if threading.current_thread() is not threading.main_thread():
            return self
        self._install(signal.SIGINT, self._asked_to_end)
        self._install(signal.SIGTERM, self._asked_to_end)
        if sys.platform != "win32":
            self._install(signal.SIGHUP, self._asked_to_end)
            self._install(signal.SIGTSTP, self._stopped)
            self._install(signal.SIGCONT, self._continued)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._previous.clear()

    def _install(self, number: int, handler: Callable[[int, FrameType | None], None]) -> None:
        """Install a handler, unless the signal is ignored, as after ``nohup``."""
        if signal.getsignal(number) != signal.SIG_IGN:
            self._previous[number] = signal.signal(number, handler)

    def _asked_to_end(self, number: int, frame: FrameType | None) -> None:
        if number != signal.SIGINT:
            self._control.signal = number
        if not self._asked:
            self._asked = True  # first: a signal during ``set`` would wait for its lock forever
            self._control.stop_now.set()
            self._tell_asked()
        elif not self._leaving:
            raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    if sys.platform != "win32":

        def _stopped(self, number: int, frame: FrameType | None) -> None:
            signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # ignore a second Ctrl-Z
            with self._control.clock.stopped():
                self._suspend()
                signal.signal(signal.SIGTSTP, signal.SIG_DFL)
                signal.raise_signal(signal.SIGTSTP)
            signal.signal(signal.SIGTSTP, self._stopped)
            self._resume()

        def _continued(self, number: int, frame: FrameType | None) -> None:
            self._resume()
