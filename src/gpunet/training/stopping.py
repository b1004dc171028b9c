"""Early stopping: which epoch was the best, and whether it is worth going on.

Owns what is monitored, and every end of a run that its metrics alone decide. The time limit and the
user's wish belong to the ``trainer``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from gpunet.config import TrainConfig
from gpunet.errors import UsageError, spelled
from gpunet.training.events import EpochRecord, StopReason

__all__ = ["EarlyStopping", "monitored", "require_unfinished", "stop_reason_after"]


def monitored(config: TrainConfig, record: EpochRecord) -> float:
    """The metric that decides, the smaller the better: the loss, or minus the accuracy.

    It is the held-out samples', or the training samples' where none are held out.
    """
    if config.monitor == "val_accuracy":
        return -record.monitored_accuracy
    return record.monitored_loss


def stop_reason_after(
    config: TrainConfig, stopping: EarlyStopping, record: EpochRecord
) -> StopReason | None:
    """The reason to stop after this epoch, which ``stopping`` has observed last, or ``None``."""
    target = config.target_accuracy
    if target is not None and record.monitored_accuracy >= target:
        return "target accuracy reached"
    if record.epoch == config.effective_epochs:
        return None
    if stopping.exhausted:
        return "early stopping"
    return "gains too small" if stopping.stable else None


def require_unfinished(config: TrainConfig, histories: Sequence[Sequence[EpochRecord]]) -> None:
    """Make sure that a run can go on whose networks have these histories, none of them empty.

    Raises:
        UsageError: all epochs are done, or every network has reached an end before.
    """
    done = max(map(len, histories))
    if done >= config.effective_epochs:
        raise UsageError(
            f"the run has done {done} epochs and {spelled('epochs')} is "
            f"{config.effective_epochs}; raise {spelled('epochs')} to go on"
        )
    reasons = [_end(config, history) for history in histories]
    if None not in reasons:
        raise UsageError(
            f"the run has come to its end after epoch {done} ({reasons[0]}), so there is nothing "
            "to resume; train anew with other options"
        )


def _end(config: TrainConfig, history: Sequence[EpochRecord]) -> StopReason | None:
    stopping = EarlyStopping.of(config)
    for record in history:
        stopping.observe(record.epoch, monitored(config, record))
    return stop_reason_after(config, stopping, history[-1])


class EarlyStopping:
    """Watches the monitored metric, epoch by epoch.

    The smallest value marks the best epoch, however small the gain and whatever the epoch. The
    patience starts anew only when a value is below the last such mark by more than ``min_delta``
    (Prechelt, "Early Stopping - But When?", 1998).

    Args:
        patience: epochs without such a gain until ``exhausted``; 0 is never exhausted.
        min_delta: the gain wanted, in the metric's own unit.
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
        self.best_value = math.inf
        self._patience = patience
        self._min_delta = min_delta
        self._start = start_from_epoch
        self._stability = stability
        self._mark = math.inf
        self._waited = 0
        self._values: list[float] = []

    @classmethod
    def of(cls, config: TrainConfig) -> EarlyStopping:
        """The early stopping that a configuration asks for."""
        return cls(
            config.effective_patience,
            config.min_delta,
            start_from_epoch=config.start_from_epoch,
            stability=config.stability,
        )

    def observe(self, epoch: int, value: float) -> bool:
        """Take note of an epoch's metric; true if it is the best so far."""
        if epoch >= self._start:
            self._values.append(value)
            self._wait(value)
        if value < self.best_value:
            self.best_epoch, self.best_value = epoch, value
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

        The gains from one epoch to the next add up to the metric p epochs ago minus the latest.
        """
        if not self._stability or len(self._values) <= self._patience:
            return False
        gain = self._values[-1 - self._patience] - self._values[-1]
        return gain / self._patience < self._stability

    def _wait(self, value: float) -> None:
        if value < self._mark - self._min_delta:
            self._mark = value
            self._waited = 0
        else:
            self._waited += 1
