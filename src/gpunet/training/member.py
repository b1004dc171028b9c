"""One network of a population while it is trained: its settings, its history, and when it ends.

What the population does together belongs to ``trainer``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from gpunet.config import TrainConfig
from gpunet.errors import UsageError, spelled
from gpunet.training.events import EpochRecord, StopReason
from gpunet.training.schedules import Plateau, epoch_learning_rates
from gpunet.training.stopping import EarlyStopping, monitored

__all__ = ["Member", "mean_history", "require_unfinished"]


class Member:
    """A network that is trained beside others of the same shape.

    Args:
        config: its own settings.
    """

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.history: list[EpochRecord] = []
        self.stop_reason: StopReason | None = None
        """Why no further epoch follows; ``None`` while it runs."""
        self._best_epoch = 0
        self._stopping = EarlyStopping(config)
        self._plateau = Plateau(config)

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights are kept, from 1; 0 if there was none with a finite loss."""
        return self._best_epoch

    @property
    def patience_left(self) -> int | None:
        """Epochs without an improvement until early stopping; ``None`` if it is off."""
        return self._stopping.patience_left

    def learning_rates(self, epoch: int, steps: int) -> NDArray[np.float64]:
        """The rate (S,) of every step of an epoch, counted from 1."""
        reductions = self._plateau.reductions
        rates: NDArray[np.float64] = epoch_learning_rates(self.config, epoch, steps, reductions)[0]
        return rates

    def observe(self, record: EpochRecord) -> bool:
        """Take note of an epoch; true if its weights are to be kept, a diverged one's never are."""
        self.history.append(record)
        if _diverged(record):
            return False
        metric = monitored(self.config, record)
        self._plateau.observe(metric)
        if self._stopping.observe(record.epoch, metric) or self.config.keep == "last":
            self._best_epoch = record.epoch
        return self._best_epoch == record.epoch

    def restore(self, history: Sequence[EpochRecord]) -> StopReason | None:
        """Continue where these whole epochs have led to; why the network stops there, if so."""
        for record in history:
            self.observe(record)
        return self.decide_stop(whole=True, interruption=None) if history else None

    def decide_stop(self, whole: bool, interruption: StopReason | None) -> StopReason | None:
        """Set and return why the network stops after the latest epoch; ``None`` if it goes on.

        Args:
            whole: whether no step of the epoch was left out.
            interruption: why the run is to end, if so. An end that is due by itself needs none.
        """
        record = self.history[-1]
        due = self._stopping.stop_reason(record)
        if due is None and self._plateau.exhausted:
            due = "early stopping"
        if _diverged(record):
            self.stop_reason = "diverged"
        elif whole and record.epoch == self.config.effective_epochs:
            self.stop_reason = due or "epochs"
        else:
            self.stop_reason = interruption or due
        return self.stop_reason


def require_unfinished(config: TrainConfig, histories: Sequence[Sequence[EpochRecord]]) -> None:
    """Make sure that a run can go on whose networks have these histories.

    Raises:
        UsageError: all epochs are done, or every network has reached an end before.
    """
    done = max(map(len, histories))
    if done >= config.effective_epochs:
        epochs = "1 epoch" if done == 1 else f"{done} epochs"
        raise UsageError(
            f"the run has done {epochs} and {spelled('epochs')} is "
            f"{config.effective_epochs}; raise {spelled('epochs')} to go on"
        )
    reasons = [Member(config).restore(history) for history in histories]
    if None not in reasons:
        raise UsageError(
            f"the run has ended after epoch {done} ({reasons[0]}), so there is nothing "
            "to resume; train again with other options"
        )


def mean_history(histories: Sequence[Sequence[EpochRecord]]) -> tuple[EpochRecord, ...]:
    """One record per epoch, the mean over the networks that ran in it.

    The samples per second are those of all of them together.
    """
    longest = max(histories, key=len)
    return tuple(
        _mean([history[index] for history in histories if len(history) > index])
        for index in range(len(longest))
    )


def _mean(records: Sequence[EpochRecord]) -> EpochRecord:
    if len(records) == 1:
        return records[0]

    def mean(name: str) -> float | None:
        values = [getattr(record, name) for record in records]
        return None if values[0] is None else fmean(values)

    names = [field.name for field in dataclasses.fields(EpochRecord) if field.name != "epoch"]
    means = {name: mean(name) for name in names}
    together = sum(record.samples_per_second for record in records)
    return EpochRecord(epoch=records[0].epoch, **{**means, "samples_per_second": together})  # type: ignore[arg-type]


def _diverged(record: EpochRecord) -> bool:
    return not (math.isfinite(record.monitored_loss) and math.isfinite(record.train_loss))
