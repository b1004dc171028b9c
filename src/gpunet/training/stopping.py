"""Early stopping: which epoch was the best, and whether it is worth going on.

Owns what is monitored and when it has stopped improving. Limits that look at no course, such as
the time and a target, belong to the ``trainer``.
"""

from __future__ import annotations

import math

from gpunet.config import TrainConfig
from gpunet.training.events import EpochRecord

__all__ = ["EarlyStopping", "monitored"]


def monitored(config: TrainConfig, record: EpochRecord) -> float:
    """The figure that decides, the smaller the better: the loss, or minus the accuracy.

    It is the held-out samples', or the training samples' where none are held out.
    """
    if config.monitor == "val_accuracy":
        return -record.deciding_accuracy
    return record.deciding_loss


class EarlyStopping:
    """Watches the monitored figure, epoch by epoch.

    The smallest figure marks the best epoch, however small the gain and whatever the epoch. The
    patience starts anew only when a figure is below the last such mark by more than ``min_delta``
    (Prechelt, "Early Stopping - But When?", 1998).

    Args:
        patience: epochs without such a gain until ``exhausted``; 0 is never exhausted.
        min_delta: the gain wanted, in the figure's own unit.
        start_from_epoch: earlier epochs, counted from 1, neither use up the patience nor count
            for the stability.
        stability: the mean gain per epoch wanted over the last ``patience`` epochs; 0 wants none.
    """

    def __init__(
        self,
        patience: int,
        min_delta: float,
        *,
        start_from_epoch: int = 1,
        stability: float = 0.0,
    ) -> None:
        self.best_epoch = 0
        self.best_figure = math.inf
        self._patience = patience
        self._min_delta = min_delta
        self._start = start_from_epoch
        self._stability = stability
        self._mark = math.inf
        self._waited = 0
        self._figures: list[float] = []

    @classmethod
    def of(cls, config: TrainConfig) -> EarlyStopping:
        """The early stopping that a configuration asks for."""
        return cls(
            config.patience,
            config.min_delta,
            start_from_epoch=config.start_from_epoch,
            stability=config.stability,
        )

    def observe(self, epoch: int, figure: float) -> bool:
        """Take note of an epoch's figure; true if it is the best so far."""
        if epoch >= self._start:
            self._figures.append(figure)
            self._wait(figure)
        if figure < self.best_figure:
            self.best_epoch, self.best_figure = epoch, figure
            return True
        return False

    @property
    def patience_left(self) -> int | None:
        """Epochs without a gain that are still allowed; ``None`` if there is no limit."""
        return max(0, self._patience - self._waited) if self._patience else None

    @property
    def exhausted(self) -> bool:
        """Whether the patience is used up."""
        return self.patience_left == 0

    @property
    def stable(self) -> bool:
        """Whether the mean gain per epoch over the last ``patience`` epochs p is too small.

        The gains from one epoch to the next add up to the figure p epochs ago minus the latest.
        """
        if not self._stability or len(self._figures) <= self._patience:
            return False
        gain = self._figures[-1 - self._patience] - self._figures[-1]
        return gain / self._patience < self._stability

    def _wait(self, figure: float) -> None:
        if figure < self._mark - self._min_delta:
            self._mark = figure
            self._waited = 0
        else:
            self._waited += 1
