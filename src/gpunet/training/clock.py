"""The time that a run works: a clock that stands still while it is paused or stopped.

Owns nothing but that time. Who stops it belongs to the ``loop``, for a pause, and to the handler
of Ctrl-Z.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["WorkingClock"]


@dataclass(frozen=True, slots=True)
class _State:
    """Since the clock was made: how long it stood still, and since when it stands still now."""

    lost: float = 0.0
    stops: int = 0
    stopped_at: float = 0.0


class WorkingClock:
    """Tells seconds that only grow, and do not grow while it is stopped.

    It may be looked at by any thread, and stopped in a signal handler within any other use of it:
    its state is replaced as a whole, and no lock is taken.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._state = _State()

    def __call__(self) -> float:
        """The seconds now."""
        while True:
            state = self._state
            now = state.stopped_at if state.stops else self._clock()
            if state is self._state:  # else it was stopped between these two lines
                return now - state.lost

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stand still in this context; the outermost of several counts."""
        state = self._state
        began = state.stopped_at if state.stops else self._clock()
        self._state = _State(state.lost, state.stops + 1, began)
        try:
            yield
        finally:
            state = self._state
            lost = state.lost if state.stops > 1 else state.lost + self._clock() - began
            self._state = _State(lost, state.stops - 1, began)
