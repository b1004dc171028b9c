"""Looks into the networks while they are trained, as often as they may cost.

Nothing is looked at unless somebody wants it. A look changes no bit of the training.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Event

import numpy as np
from numpy.typing import NDArray

from gpunet.engine.interface import Engine
from gpunet.training.events import Insight

__all__ = ["Looks"]

LOOK_SECONDS = 1.0
"""Time between two looks within an epoch: often enough to see weights form."""

LOOK_SHARE = 0.03
"""Share of a run's time that looks may take; after a slow one the next comes later."""


class Looks:
    """The looks into the networks of a run.

    Args:
        engine: that trains them.
        wanted: set while somebody wants to look.
        clock: seconds that only grow.
    """

    def __init__(
        self, engine: Engine, wanted: Event, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._engine, self._wanted, self._clock = engine, wanted, clock
        self._before: NDArray[np.float32] | None = None
        self._ended = -np.inf
        self._cost = 0.0
        self._seen: tuple[int, int] | None = None

    def train(self, steps: int, *, ending: bool) -> None:
        """Take the epoch's next steps; ``ending`` says whether they are its last ones.

        If a look is due afterwards, the weights that the latest step changes are kept for it.
        """
        self._before = None
        if self._due(ending):
            if steps > 1:
                self._engine.train(steps - 1)
            began = self._clock()
            self._before = self._engine.parameters()
            self._cost = self._clock() - began
            steps = 1
        self._engine.train(steps)

    def look(
        self, epoch: int, step: int, running: Sequence[int], *, paused: bool
    ) -> Insight | None:
        """A look into the networks that run, if one is due after this step of an epoch.

        In a pause it is due at once, unless there was one after the same step.
        """
        if self._seen == (epoch, step) or not (
            self._wanted.is_set() if paused else self._before is not None
        ):
            return None
        began = self._clock()
        insight = Insight(epoch, step, self._engine.parameters()[list(running)])
        self._ended = self._clock()
        self._cost += self._ended - began
        self._seen = epoch, step
        return insight

    def _due(self, ending: bool) -> bool:
        """Whether there is to be a look now; at the end of an epoch only its cost counts."""
        if not self._wanted.is_set():
            return False
        pause = self._cost / LOOK_SHARE
        return self._clock() - self._ended >= (pause if ending else max(pause, LOOK_SECONDS))
