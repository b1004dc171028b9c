"""How the learning rate changes from step to step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpunet.config import TrainConfig

__all__ = ["epoch_learning_rates"]


def epoch_learning_rates(config: TrainConfig, epoch: int, steps: int) -> NDArray[np.float64]:
    """The learning rate (1, S) of every step of an epoch.

    ``cosine`` falls from the configured rate to almost zero over all epochs (Loshchilov & Hutter,
    "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017, equation 5, without restarts).

    Args:
        config: names the schedule, the rate and the epochs.
        epoch: counted from 1.
        steps: of an epoch, S.
    """
    rate = config.effective_learning_rate
    if config.schedule == "constant":
        return np.full((1, steps), rate)
    done = (epoch - 1 + np.arange(steps)[None] / steps) / config.epochs  # (1, S), 0 to below 1
    return rate * (1 + np.cos(np.pi * done)) / 2
