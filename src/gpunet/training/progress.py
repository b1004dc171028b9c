"""The progress of a run within an epoch, which callbacks get a few times a second."""

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
"""Seconds between two reads from the device: short enough to look alive, long compared with the
0.3 ms of a read."""


@dataclass(slots=True, eq=False)
class Epoch:
    """An epoch in progress.

    Args:
        number: counted from 1.
        learning_rates: (P, S) the rate of each step.
        metrics: over the steps done so far.
        busy: seconds that these steps took.
    """

    number: int
    learning_rates: NDArray[np.float64]
    metrics: Metrics
    busy: float


class ProgressMeter:
    """Measures a run's progress, its speed and its use of the machine."""

    def __init__(self, engine: Engine, samples: RunSamples, members: Members) -> None:
        self._engine, self._samples, self._members = engine, samples, members
        self.pace = Pace(REPORT_SECONDS)
        self.usage = UsageMeter(engine)
        self.validation_seconds: float | None = None
        """Seconds of the latest validation."""
        self._told = Metrics.none(len(members))

    def begin(self, epoch: Epoch) -> None:
        """Start an epoch: recent values count from here."""
        self._told = epoch.metrics

    def progress(
        self, epoch: Epoch, phase: Phase, elapsed: float, allowed: float | None
    ) -> Progress:
        """The progress of the run, with the metrics since the last call.

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
        """The mean loss and score of the running networks; ``None`` if no sample was seen."""
        if not metrics.seen.any():
            return None, None
        scores = self._samples.scores("train", metrics)
        return float(metrics.mean_loss[running].mean()), fmean(scores[p] for p in running)

    def _remaining(
        self, epoch: Epoch, running: Sequence[int], allowed: float | None
    ) -> float | None:
        """Seconds until the last epoch is validated, at the current speed."""
        pace = self.pace.seconds_per_step
        if pace is None:
            return None
        validation = self.validation_seconds
        if validation is None:
            # The forward pass is a third of a step: the two matmuls backward cost twice as much.
            held_out = len(self._samples.splits.validation)
            validation = pace * held_out / self._engine.batch_size / 3
        last = max(self._members[p].config.effective_epochs for p in running)
        epochs = last - epoch.number
        steps = (1 + epochs) * self._samples.steps - self._steps_done(epoch)
        remaining = steps * pace + (epochs + 1) * validation
        if allowed is None:
            return remaining
        return min(remaining, allowed + validation)  # the epoch that is cut short is validated
