"""Where a run is within an epoch: what callbacks are told a few times a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from gpunet.engine.interface import Engine
from gpunet.engine.metrics import Metrics
from gpunet.training.events import Phase, Progress
from gpunet.training.member import Members
from gpunet.training.pace import Pace
from gpunet.training.run_samples import RunSamples
from gpunet.training.usage import UsageMeter

__all__ = ["REPORT_SECONDS", "Epoch", "ProgressMeter"]

REPORT_SECONDS = 0.1
"""Time between two read-backs: short enough to look alive, long against a read's 0.3 ms."""


@dataclass(slots=True, eq=False)
class Epoch:
    """An epoch that is under way.

    Args:
        number: counted from 1.
        learning_rates: (P, S) of its steps.
        metrics: of the steps that are done.
        busy: seconds that these took.
    """

    number: int
    learning_rates: NDArray[np.float64]
    metrics: Metrics
    busy: float


class ProgressMeter:
    """Measures how far and how fast a run is, and what it uses of the machine."""

    def __init__(self, engine: Engine, samples: RunSamples, members: Members) -> None:
        self._engine, self._samples, self._members = engine, samples, members
        self.pace = Pace(REPORT_SECONDS)
        self.usage = UsageMeter(engine)
        self.validation_seconds: float | None = None
        """What the latest validation took."""
        self._told = Metrics.none(len(members))

    def begin(self, epoch: Epoch) -> None:
        """Count what is recent from here on."""
        self._told = epoch.metrics

    def progress(
        self, epoch: Epoch, phase: Phase, elapsed: float, allowed: float | None
    ) -> Progress:
        """Where the run is, and what has come since this was asked last.

        ``elapsed`` is the time since the run's start in seconds, ``allowed`` the time until its
        limit.
        """
        running = self._members.running
        recent, self._told = epoch.metrics.since(self._told), epoch.metrics
        done = self._steps_done(epoch)
        loss, score = self._means(epoch.metrics, running)
        recent_loss, recent_score = self._means(recent, running)
        return Progress(
            epoch=epoch.number,
            step=done,
            steps=self._samples.steps,
            train_loss=loss,
            train_score=score,
            samples_per_second=int(epoch.metrics.seen.sum()) / epoch.busy if epoch.busy else 0.0,
            phase=phase,
            elapsed=elapsed,
            remaining=self._remaining(epoch, running, allowed),
            recent_loss=recent_loss,
            recent_score=recent_score,
            learning_rate=float(epoch.learning_rates[running, done - 1].mean()) if done else None,
            **asdict(self.usage.now()),
        )

    def _steps_done(self, epoch: Epoch) -> int:
        return -(-int(epoch.metrics.seen.max()) // self._engine.batch_size)

    def _means(
        self, metrics: Metrics, running: Sequence[int]
    ) -> tuple[float, float] | tuple[None, None]:
        """The loss and the score over the networks that run; ``None`` where nothing was seen."""
        if not metrics.seen.any():
            return None, None
        scores = self._samples.scores("train", metrics)
        return float(metrics.mean_loss[running].mean()), fmean(scores[p] for p in running)

    def _remaining(
        self, epoch: Epoch, running: Sequence[int], allowed: float | None
    ) -> float | None:
        """Seconds until the last epoch is validated, at the latest pace."""
        pace = self.pace.seconds_per_step
        if pace is None:
            return None
        validation = self.validation_seconds
        if validation is None:
            # Forward is a third of a step: the two products of the way back cost twice as much.
            held_out = len(self._samples.splits.validation)
            validation = pace * held_out / self._engine.batch_size / 3
        last = max(self._members[p].config.effective_epochs for p in running)
        epochs = last - epoch.number
        steps = (1 + epochs) * self._samples.steps - self._steps_done(epoch)
        remaining = steps * pace + (epochs + 1) * validation
        if allowed is None:
            return remaining
        return min(remaining, allowed + validation)  # the epoch that is cut short is validated
