"""Where a training run stands between two epochs or windows: all that it takes to go on.

It goes on bit for bit.

The order of the samples and the dropout masks need no keeping, as they follow from the seed, the
epoch and the step; nor do the patience and the plateau, which the loop finds again by observing the
history. How it is written belongs to ``artifacts.checkpoint``.
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
    """An epoch of which some windows are done, and what they gave.

    Args:
        samples: of those windows.
        seconds: that their steps took.
        loss: (P,) the sum of each network's losses.
        correct: (P,) samples that each has right, or the sum of their weights.
        seen: (P,) samples that each has seen.
        squared: (P,) the sum of each network's squared errors; none where there are classes.
        weight: (P,) the sum of the weights of the samples that each has seen; none where samples
            have none.
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
        """An epoch with the metrics of so many samples."""
        sums = (metrics.loss, metrics.correct, metrics.seen, metrics.squared, metrics.weight)
        return cls(samples, seconds, *(() if one is None else tuple(one.tolist()) for one in sums))

    @property
    def metrics(self) -> Metrics:
        """The metrics of the windows that are done."""
        return Metrics(
            np.array(self.loss, np.float64),
            np.array(self.correct),
            np.array(self.seen, np.int64),
            np.array(self.squared or np.zeros(len(self.loss)), np.float64),
            np.array(self.weight, np.float64) if self.weight else None,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """Where a run begins that goes on with what another one has learned, on whatever samples.

    Args:
        parameters: (P, N) to begin with.
        moments: (M, P, N) of the optimizer; zero by default.
        steps: taken before, which dropout and the optimizer's factors go on from.
        epochs: done before, which their numbers, the samples' orders and the schedule go on from.
    """

    parameters: NDArray[np.float32]
    moments: NDArray[np.float32] | None = None
    steps: int = 0
    epochs: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class RunState:
    """All that a run needs to go on.

    Args:
        parameters: (P, N) after the latest step.
        moments: (M, P, N) of the optimizer after the latest step.
        best: (P, N) of each network's best epoch so far.
        best_epochs: (P,) those epochs, counted from 1; 0 before the first one is whole.
        histories: (P,) one record per epoch of each network, all of them whole.
        steps: taken in all.
        seconds: spent in training.
        scaling: of float features, or ``None``.
        inverted: whether images are inverted.
        window: samples that the device holds at a time; ``None`` for all of them.
        begun: an epoch beyond the histories that is begun, or ``None`` between two epochs.
        device: what trained it last, in words; empty if that is not known.
        target_scaling: of measured targets, or ``None``.
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
        """Whether all numbers are finite, so that the state is worth keeping."""
        arrays = (self.parameters, self.moments, self.best)
        return all(bool(np.isfinite(array).all()) for array in arrays)
