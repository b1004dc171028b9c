"""Early stopping: which epoch was the best, and whether it is worth going on.

Owns what is monitored, and every end of a run that its metrics alone decide. The time limit and the
user's request belong to the ``trainer``.
"""

from __future__ import annotations

import math

from gpunet.config import TrainConfig
from gpunet.training.events import EpochRecord, StopReason

__all__ = ["EarlyStopping", "monitored"]


def monitored(config: TrainConfig, record: EpochRecord) -> float:
    """The metric that decides, the smaller the better: the loss, or minus the accuracy or R2.

    It is the held-out samples', or the training samples' where none are held out.
    """
    return record.monitored_loss if config.monitor == "val_loss" else -record.monitored_score


class EarlyStopping:
    """Watches the monitored metric, epoch by epoch.

    The smallest value marks the best epoch, however small the improvement and whatever the epoch.
    The patience starts again only when a value is below the last such mark by more than
    ``min_delta`` (Prechelt, "Early Stopping - But When?", 1998).

    Args:
        config: gives the ``patience``, ``min_delta``, ``start_from_epoch`` and ``stability``.
    """

    def __init__(self, config: TrainConfig) -> None:
        self.best_epoch = 0
        self._best_value = math.inf
        self._config, self._patience = config, config.effective_patience
        self._mark = math.inf
        self._waited = 0
        self._values: list[float] = []

    def observe(self, epoch: int, value: float) -> bool:
        """Take note of an epoch's metric; true if it is the best so far."""
        if epoch >= self._config.start_from_epoch:
            self._values.append(value)
            self._wait(value)
        if value < self._best_value:
            self.best_epoch, self._best_value = epoch, value
            return True
        return False

    @property
    def patience_left(self) -> int | None:
        """Epochs without an improvement that are still allowed; ``None`` if there is no limit."""
        return max(0, self._patience - self._waited) if self._patience else None

    def stop_reason(self, record: EpochRecord) -> StopReason | None:
        """The reason to stop after this epoch, which was observed last; ``None`` to go on."""
        target = self._config.target_accuracy
        if target is not None and record.monitored_score >= target:
            return "target accuracy reached"
        if record.epoch == self._config.effective_epochs:
            return None
        if self.patience_left == 0:
            return "early stopping"
        return "gains too small" if self.stable else None

    @property
    def stable(self) -> bool:
        """Whether the mean improvement per epoch over the last ``patience`` epochs p is too small.

        From epoch to epoch they add up to the metric p epochs ago minus the latest one.
        """
        if not self._config.stability or len(self._values) <= self._patience:
            return False
        improvement = self._values[-1 - self._patience] - self._values[-1]
        return improvement / self._patience < self._config.stability

    def _wait(self, value: float) -> None:
        if value < self._mark - self._config.min_delta:
            self._mark = value
            self._waited = 0
        else:
            self._waited += 1
