"""Where a training run stands after a whole epoch: all that it takes to go on bit for bit.

The order of the samples and the dropout masks need no keeping, as they follow from the seed, the
epoch and the step; nor do the patience and the plateau, which the trainer finds again by observing
the history. How it is written belongs to ``artifacts.checkpoint``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.dataset import Scaling
from gpunet.training.events import EpochRecord
from gpunet.training.member import mean_history

__all__ = ["RunState"]


@dataclass(frozen=True, slots=True, eq=False)
class RunState:
    """All that a run needs to go on after a whole epoch.

    Args:
        parameters: (P, N) after the latest epoch.
        moments: (M, P, N) of the optimizer after the latest epoch.
        best: (P, N) of each network's best epoch so far.
        best_epochs: (P,) those epochs, counted from 1.
        histories: (P,) one record per epoch of each network, all of them whole.
        steps: taken in all.
        seconds: spent in training.
        scaling: of float features, or ``None``.
        inverted: whether images are inverted.
        window: samples that the device holds at a time; ``None`` for all of them.
        device: what trained it last, in words; empty if that is not known.
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
    device: str = ""

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
