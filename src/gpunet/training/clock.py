"""A clock for the working time of a run, which stands still while the run is paused or stopped.

The ``loop`` stops it for a pause, and the handler of Ctrl-Z stops it, too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["WorkingClock"]


@dataclass(frozen=True, slots=True)
class _State:
    """How long a clock has stood still, how many stops are open, and when the first began."""

    lost: float = 0.0
    stops: int = 0
    stopped_at: float = 0.0


class WorkingClock:
    """A clock that never goes back, and stands still while it is stopped.

    Any thread may read it, and a signal handler may stop it during any other use of it: its state
    is replaced as a whole, without a lock.
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
        """Stop the clock in this context; among nested contexts the outermost counts."""
        state = self._state
        began = state.stopped_at if state.stops else self._clock()
        self._state = _State(state.lost, state.stops + 1, began)
        try:
            yield
        finally:
            state = self._state
            lost = state.lost if state.stops > 1 else state.lost + self._clock() - began
            self._state = _State(lost, state.stops - 1, began)
