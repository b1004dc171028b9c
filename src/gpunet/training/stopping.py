"""Early stopping: which epoch was the best, and whether it is worth going on.

Owns what is monitored, and every end of a run that its metrics alone decide. The time limit and the
user's request belong to the ``loop``.
"""

from __future__ import annotations

import math

from gpunet.config import TrainConfig
from gpunet.config.choices import MAXIMIZED
from gpunet.training.events import EpochRecord, StopReason

__all__ = ["EarlyStopping", "Improvements", "monitored"]


def monitored(config: TrainConfig, record: EpochRecord) -> float:
    """The metric that decides, the smaller the better: a loss, or minus the accuracy or R2.

    Unless it is the training loss it is the held-out samples', or the training samples' where none
    are held out. Targets that are all alike have no R2, and the loss decides.
    """
    if config.monitor == "train_loss":
        return record.train_loss
    if config.monitor in MAXIMIZED and not math.isnan(record.monitored_score):
        return -record.monitored_score
    return record.monitored_loss


class Improvements:
    """Tells which epochs improve the monitored metric.

    Small steps that add up to more than ``min_delta`` are an improvement in the epoch in which they
    do (Prechelt, "Early Stopping - But When?", 1998); or an epoch has to be better by ``min_delta``
    than every one before, as in scikit-learn's multilayer perceptrons.
    """

    def __init__(self, config: TrainConfig) -> None:
        self._least, self._at_once = config.min_delta, config.improvement == "at-once"
        self._mark = math.inf

    def observe(self, value: float) -> bool:
        """Take note of an epoch's metric, the smaller the better; true if it is an improvement."""
        wanted = self._mark - self._least
        improved = value <= wanted if self._at_once else value < wanted
        if improved or self._at_once:
            self._mark = min(self._mark, value)
        return improved


class EarlyStopping:
    """Watches the monitored metric, epoch by epoch.

    The smallest value marks the best epoch, however small the improvement and whatever the epoch;
    of equal ones the first, unless the latest is to be kept. The patience starts again with an
    improvement.
    """

    def __init__(self, config: TrainConfig) -> None:
        self.best_epoch = 0
        self._best_value = math.inf
        self._config, self._patience = config, config.effective_patience
        self._improvements = Improvements(config)
        self.waited = 0
        """Epochs since the last improvement."""
        self._values: list[float] = []

    def observe(self, epoch: int, value: float) -> bool:
        """Take note of an epoch's metric; true if it is the best so far."""
        if epoch >= self._config.start_from_epoch:
            self._values.append(value)
            self._wait(value)
        latest = value == self._best_value and self._config.keep == "latest-best"
        if value < self._best_value or latest:
            self.best_epoch, self._best_value = epoch, value
            return True
        return False

    @property
    def patience_left(self) -> int | None:
        """Epochs without an improvement that are still allowed; ``None`` if there is no limit."""
        return max(0, self._patience - self.waited) if self._patience else None

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
        self.waited = 0 if self._improvements.observe(value) else self.waited + 1
