"""The state of a training run between two epochs or windows, from which it resumes bit for bit.

The order of the samples and the dropout masks are not part of it, since they follow from the seed,
the epoch and the step; nor are the patience and the plateau, which the loop finds again from the
history. ``artifacts.checkpoint`` writes the state to a file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.scaling import Scaling
from gpunet.engine.metrics import Metrics
from gpunet.training.events import EpochRecord
from gpunet.training.member import mean_history

__all__ = ["Begun", "RunState", "Start"]


@dataclass(frozen=True, slots=True)
class Begun:
    """An unfinished epoch: the windows done so far, and their metrics.

    Args:
        samples: number of samples in those windows.
        seconds: time of their steps.
        loss: (P,) the sum of each network's losses.
        correct: (P,) samples that each network predicts right, or the sum of their weights.
        seen: (P,) samples that each network has seen.
        squared: (P,) the sum of each network's squared errors; empty for classes.
        weight: (P,) the sum of the weights of the samples that each network has seen; empty if
            samples have no weights.
    """

    samples: int
    seconds: float
    loss: tuple[float, ...]
    correct: tuple[float, ...]
    seen: tuple[int, ...]
    squared: tuple[float, ...] = ()
    weight: tuple[float, ...] = ()

    @classmethod
    def of(cls, samples: int, seconds: float, metrics: Metrics) -> Begun:
        """An unfinished epoch with the metrics of ``samples`` samples."""
        sums = (metrics.loss, metrics.correct, metrics.seen, metrics.squared, metrics.weight)
        return cls(samples, seconds, *(() if one is None else tuple(one.tolist()) for one in sums))

    @property
    def metrics(self) -> Metrics:
        """The metrics of the windows done so far."""
        return Metrics(
            np.array(self.loss, np.float64),
            np.array(self.correct),
            np.array(self.seen, np.int64),
            np.array(self.squared or np.zeros(len(self.loss)), np.float64),
            np.array(self.weight, np.float64) if self.weight else None,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """Where a run begins that continues from weights trained before, on any samples.

    Args:
        parameters: (P, N) initial weights and biases.
        moments: (M, P, N) the optimizer's initial moments; zero by default.
        steps: steps taken before, from which dropout and the optimizer's factors continue.
        epochs: epochs done before, from which epoch numbers, orders and the schedule continue.
    """

    parameters: NDArray[np.float32]
    moments: NDArray[np.float32] | None = None
    steps: int = 0
    epochs: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class RunState:
    """Everything that a run needs to resume.

    Args:
        parameters: (P, N) weights and biases after the latest step.
        moments: (M, P, N) the optimizer's moments after the latest step.
        best: (P, N) weights and biases of each network's best epoch so far.
        best_epochs: (P,) those epochs, counted from 1; 0 before the first one is done.
        histories: (P,) one record per finished epoch of each network.
        steps: all steps taken.
        seconds: time spent in training.
        scaling: how float features were scaled, or ``None``.
        inverted: whether images are inverted.
        window: samples that the device holds at a time; ``None`` for all of them.
        begun: the unfinished epoch after the histories, or ``None`` between two epochs.
        device: the device that trained last, in words; empty if unknown.
        target_scaling: how measured targets were scaled, or ``None``.
    """

    parameters: NDArray[np.float32]
    moments: NDArray[np.float32]
    best: NDArray[np.float32]
    best_epochs: tuple[int, ...]
    histories: tuple[tuple[EpochRecord, ...], ...]
    steps: int
    seconds: float
    scaling: Scaling | None
    inverted: bool = False
    window: int | None = None
    begun: Begun | None = None
    device: str = ""
    target_scaling: Scaling | None = None

    @property
    def history(self) -> tuple[EpochRecord, ...]:
        """One record per epoch, the mean over the networks that ran in it."""
        return mean_history(self.histories)

    @property
    def best_epoch(self) -> int:
        """The latest of the networks' best epochs."""
        return max(self.best_epochs)

    @property
    def finite(self) -> bool:
        """Whether all numbers are finite; otherwise the state is not worth keeping."""
        arrays = (self.parameters, self.moments, self.best)
        return all(bool(np.isfinite(array).all()) for array in arrays)
