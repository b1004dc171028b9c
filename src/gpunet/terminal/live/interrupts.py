"""Signals while training runs: Ctrl-C, Ctrl-Z, a request to end, a terminal that is closed.

Owns the handlers and gives them back as they were. What the terminal needs before a stop and
after it goes on is said by the screen itself.
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

    The first Ctrl-C asks the run to stop and save, the second raises ``KeyboardInterrupt``.
    ``SIGTERM`` and ``SIGHUP`` ask for the same and leave their number in ``control``; another
    signal then raises ``SystemExit`` with 128 + its number, so that every context is left in
    order. Ctrl-Z stops the process as ever, ``suspend`` called before and ``resume`` after it;
    the clock in ``control`` stands still meanwhile.
    Only the main thread may hold signals; in another one nothing happens.

    The three callbacks run inside a signal handler, between any two steps of the main thread:
    they may take no lock that the main thread takes, which a print or an ``Event`` does.

    Args:
        control: where the request to stop goes.
        suspend: gives the terminal back.
        resume: takes it again; may be called without a ``suspend`` before.
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
        """From now on raise nothing: the terminal is about to be restored."""
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
        """A signal that is ignored, as after ``nohup`` or in a pipeline, stays ignored."""
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
            signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # a second one meanwhile adds nothing
            with self._control.clock.stopped():
                self._suspend()
                signal.signal(signal.SIGTSTP, signal.SIG_DFL)
                signal.raise_signal(signal.SIGTSTP)
            signal.signal(signal.SIGTSTP, self._stopped)
            self._resume()

        def _continued(self, number: int, frame: FrameType | None) -> None:
            self._resume()
