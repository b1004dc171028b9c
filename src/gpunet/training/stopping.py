"""Early stopping: which epoch is the best, and whether to go on.

Here the metrics decide; the ``loop`` handles the time limit and the user's request to stop.
"""

from __future__ import annotations

import math

from gpunet.config import TrainConfig
from gpunet.config.choices import MAXIMIZED
from gpunet.training.events import EpochRecord, StopReason

__all__ = ["EarlyStopping", "Improvements", "monitored"]


def monitored(config: TrainConfig, record: EpochRecord) -> float:
    """The metric that decides, smaller is better: a loss, or minus the accuracy or R2.

    It is that of the held-out samples, or of the training samples if none are held out or the
    training loss is monitored. Targets that do not vary have no R2, so the loss decides.
    """
    if config.monitor == "train_loss":
        return record.train_loss
    if config.monitor in MAXIMIZED and not math.isnan(record.monitored_score):
        return -record.monitored_score
    return record.monitored_loss


class Improvements:
    """Tells which epochs improve the monitored metric.

    Depending on the settings, small gains count as an improvement once they add up to more than
    ``min_delta`` (Prechelt, "Early Stopping - But When?", 1998), or an epoch must be better by
    ``min_delta`` than all before, as in scikit-learn's multilayer perceptrons.
    """

    def __init__(self, config: TrainConfig) -> None:
        self._least, self._at_once = config.min_delta, config.improvement == "at-once"
        self._mark = math.inf

    def observe(self, value: float) -> bool:
        """Record an epoch's metric, smaller is better; true if it is an improvement."""
        wanted = self._mark - self._least
        improved = value <= wanted if self._at_once else value < wanted
        if improved or self._at_once:
            self._mark = min(self._mark, value)
        return improved


class EarlyStopping:
    """Watches the monitored metric, epoch by epoch.

    The smallest value marks the best epoch, however small the gain. Among equal values the first
    counts, or the latest if the settings keep the latest. An improvement restarts the patience.
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
        """Record an epoch's metric; true if the epoch's weights are to be kept."""
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
        """Epochs without an improvement until early stopping; ``None`` if it is off."""
        return max(0, self._patience - self.waited) if self._patience else None

    def stop_reason(self, record: EpochRecord) -> StopReason | None:
        """The reason to stop after this epoch, the last one observed; ``None`` to go on."""
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
        """Whether the mean improvement per epoch over the last ``patience`` epochs is too small.

        The improvements add up to the metric ``patience`` epochs ago minus the latest.
        """
        if not self._config.stability or len(self._values) <= self._patience:
            return False
        improvement = self._values[-1 - self._patience] - self._values[-1]
        return improvement / self._patience < self._config.stability

    def _wait(self, value: float) -> None:
        self.waited = 0 if self._improvements.observe(value) else self.waited + 1
