"""The networks of a population during training: settings, histories and stop reasons."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from gpunet.config import TrainConfig
from gpunet.training.events import EpochRecord, StopReason
from gpunet.training.schedules import Plateau, epoch_learning_rates
from gpunet.training.stopping import EarlyStopping, monitored

__all__ = ["Member", "Members", "mean_history"]


class Member:
    """A network that trains beside others of the same shape."""

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.history: list[EpochRecord] = []
        self.stop_reason: StopReason | None = None
        """Why the network stopped; ``None`` while it runs."""
        self._best_epoch = 0
        self._stopping = EarlyStopping(config)
        self._plateau = Plateau(config)

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights are kept, counted from 1; 0 if no epoch had a finite loss."""
        return self._best_epoch

    @property
    def patience_left(self) -> int | None:
        """Epochs without an improvement until early stopping; ``None`` if it is off."""
        return self._stopping.patience_left

    def learning_rates(self, epoch: int, steps: int) -> NDArray[np.float64]:
        """The learning rate (S,) of every step of an epoch; epochs count from 1."""
        reductions = self._plateau.reductions
        rates: NDArray[np.float64] = epoch_learning_rates(self.config, epoch, steps, reductions)[0]
        return rates

    def observe(self, record: EpochRecord) -> bool:
        """Record an epoch; true if its weights are to be kept, never if it diverged."""
        self.history.append(record)
        if _diverged(record):
            return False
        metric = monitored(self.config, record)
        self._plateau.observe(metric)
        if self._stopping.observe(record.epoch, metric) or self.config.keep == "last":
            self._best_epoch = record.epoch
        return self._best_epoch == record.epoch

    def restore(self, history: Sequence[EpochRecord]) -> StopReason | None:
        """Go on from these finished epochs; the reason if the network stops there."""
        for record in history:
            self.observe(record)
        return self.decide_stop(whole=True, interruption=None) if history else None

    def decide_stop(self, whole: bool, interruption: StopReason | None) -> StopReason | None:
        """Decide whether the network stops after the latest epoch; the reason, or ``None``.

        Args:
            whole: whether the epoch had all its steps.
            interruption: why the run must end, if so; divergence and the last epoch go before it.
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


class Members(tuple[Member, ...]):
    """The networks of a population, and their common history."""

    __slots__ = ()

    @property
    def running(self) -> list[int]:
        """The networks that have not ended, counted from 0."""
        return [p for p, member in enumerate(self) if member.stop_reason is None]

    @property
    def epochs_done(self) -> int:
        """Epochs done by the network that runs longest."""
        return max(len(member.history) for member in self)

    @property
    def best_epoch(self) -> int:
        """The latest of the networks' best epochs; 0 if there is none."""
        return max(member.best_epoch for member in self)

    @property
    def history(self) -> tuple[EpochRecord, ...]:
        """One record per epoch, the mean over the networks that ran in it."""
        return mean_history([member.history for member in self])

    @property
    def stop_reason(self) -> StopReason:
        """Why the network that ran longest stopped; diverged ones count only if all diverged."""
        ended = [one for one in self if one.stop_reason != "diverged"] or self
        return max(ended, key=lambda one: len(one.history)).stop_reason or "epochs"

    def end(self, networks: Iterable[int], reason: StopReason | None) -> None:
        """End these networks for this reason."""
        for p in networks:
            self[p].stop_reason = reason


def mean_history(histories: Sequence[Sequence[EpochRecord]]) -> tuple[EpochRecord, ...]:
    """One record per epoch, the mean over the networks that ran in it.

    Samples per second are summed over the networks.
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
