"""The training loop: epochs over an engine, with validation, early stopping and the best weights.

It knows engines only through their interface, screens only as observers, and files not at all:
it hands out a ``RunState`` after every epoch and can go on from one. What a batch is belongs to
``batches``, when to stop to ``stopping``, the numbers to the engine.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples, Scaling
from gpunet.engine.interface import Engine, Metrics, step_schedule
from gpunet.errors import ModelError
from gpunet.parameters import initial_parameters
from gpunet.training.batches import epoch_order, steps_per_epoch
from gpunet.training.class_weights import class_weights
from gpunet.training.events import (
    Control,
    EpochRecord,
    Observer,
    Progress,
    RunInfo,
    StopReason,
)
from gpunet.training.pace import Pace
from gpunet.training.run_state import Keeper, RunState
from gpunet.training.schedules import Plateau, epoch_learning_rates
from gpunet.training.splits import split
from gpunet.training.stopping import EarlyStopping, goal, monitored, require_unfinished

__all__ = ["TrainingResult", "train"]

REPORT_SECONDS = 0.12
"""Time between two read-backs: short enough to look alive, long against a read's 0.3 ms."""

PAUSE_SECONDS = 0.05
"""How often a paused run looks whether it may go on."""

GALLERY_SIZE = 40
"""Samples whose predictions are told with every epoch; as many as a large terminal shows."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingResult:
    """What a training run leaves.

    Args:
        parameters: (P, N) of the best epoch.
        history: one record per epoch.
        stop_reason: why no further epoch followed.
        best_epoch: counted from 1; 0 if no epoch had a finite loss, and the parameters are the
            initial ones.
        steps: taken in all.
        seconds: wall clock from the first step to the last validation.
        scaling: of float features; the test set was scaled so as well.
        counts: samples used for ``train``, ``validation`` and ``test``.
        test: sums over the test set.
        test_probabilities: (P, n, C) for the test set.
    """

    parameters: NDArray[np.float32]
    history: tuple[EpochRecord, ...]
    stop_reason: StopReason
    best_epoch: int
    steps: int
    seconds: float
    scaling: Scaling | None
    counts: dict[str, int]
    test: Metrics
    test_probabilities: NDArray[np.float32]


def train(
    engine: Engine,
    dataset: Dataset,
    config: TrainConfig,
    *,
    observers: Sequence[Observer] = (),
    control: Control | None = None,
    clock: Callable[[], float] = time.perf_counter,
    resume: RunState | None = None,
    keep: Callable[[RunState], None] | None = None,
    keep_every: int = 1,
) -> TrainingResult:
    """Train one network, restore its best weights, and evaluate them on the test set.

    Args:
        engine: made for the network that ``config`` describes.
        dataset: its training samples are split into those trained on and those held out.
        config: how to train.
        observers: told how it goes, in this order.
        control: how a user asks to stop or to pause.
        clock: seconds that only ever grow.
        resume: where an earlier run with the same data and settings stands. This one then gives
            bit for bit what the earlier one would have given.
        keep: is handed where the run stands after every ``keep_every`` whole epochs and after the
            last whole one. An epoch that was cut short counts in the result, not here.
        keep_every: epochs.

    Raises:
        UsageError: the validation set would leave nothing to train on, or the run to be resumed
            has come to its end.
        ModelError: what is to be resumed does not fit the data and the settings.
        DeviceError: the data do not fit the device, or the device is lost.
    """
    keeper = Keeper(keep, keep_every)
    run = _Run(engine, dataset, config, tuple(observers), control or Control(), clock, keeper)
    run.begin(resume)
    reason = run.train()
    return run.finish(reason)


class _Run:
    """The state of one training run."""

    def __init__(
        self,
        engine: Engine,
        dataset: Dataset,
        config: TrainConfig,
        observers: tuple[Observer, ...],
        control: Control,
        clock: Callable[[], float],
        keeper: Keeper,
    ) -> None:
        self.engine, self.config, self.control, self.clock = engine, config, control, clock
        self.observers, self.dataset, self.keeper = observers, dataset, keeper
        splits = split(dataset, config)
        self.training, self.validation, self.test = splits.training, splits.validation, splits.test
        self.scaling = splits.scaling
        self.gallery_rows = _gallery_rows(self._held_out().labels, len(dataset.classes))
        self.steps = steps_per_epoch(len(self.training), config.batch_size)
        self.stopping = EarlyStopping.of(config)
        self.plateau = Plateau(config.lr_decay_every, config.min_delta)
        self.history: list[EpochRecord] = []
        self.best = initial_parameters(engine.network, config.initialisation, [config.seed])
        self.steps_done = 0
        self.seconds_before = 0.0
        self.pace = Pace(REPORT_SECONDS)
        self.validation_seconds: float | None = None

    def begin(self, resume: RunState | None) -> None:
        """Bring the engine and the watchers to where the run starts.

        Raises:
            UsageError: there is nothing left to resume.
            ModelError: the state is of another kind of run.
        """
        self._load()
        self.engine.set_parameters(self.best)
        if resume is None:
            return
        require_unfinished(self.config, resume.history)
        self._require_fit(resume)
        for record in resume.history:
            self._observe(record)
        self.history = list(resume.history)
        self.best = resume.best
        self.steps_done, self.seconds_before = resume.steps, resume.seconds
        self.engine.set_parameters(resume.parameters)
        self.engine.set_moments(resume.moments)

    def _require_fit(self, state: RunState) -> None:
        shapes = self.engine.parameters().shape, self.engine.moments().shape
        steps = len(state.history) * self.steps
        if shapes != (state.parameters.shape, state.moments.shape) or steps != state.steps:
            raise ModelError(
                "the run's weights, moments or steps do not fit its settings and its data; train "
                "anew"
            )

    def train(self) -> StopReason:
        """Train until an epoch ends that no other shall follow."""
        info = self._info()
        for observer in self.observers:
            observer.started(info)
        self.began = self.clock()
        for epoch in range(len(self.history) + 1, self.config.epochs + 1):
            reason = self._epoch(epoch)
            if reason is not None:
                break
        else:
            reason = "epochs"
        self.seconds = self._elapsed()
        self.keeper.finish()
        for observer in self.observers:
            observer.stopped(reason, self.stopping.best_epoch)
        return reason

    def finish(self, reason: StopReason) -> TrainingResult:
        """Restore the best weights and evaluate them on the test set."""
        self.engine.set_parameters(self.best)
        self.engine.load("test", self.test)
        return TrainingResult(
            parameters=self.best,
            history=tuple(self.history),
            stop_reason=reason,
            best_epoch=self.stopping.best_epoch,
            steps=self.steps_done,
            seconds=self.seconds,
            scaling=self.scaling,
            counts={
                "train": len(self.training),
                "validation": len(self.validation),
                "test": len(self.test),
            },
            test=self.engine.evaluate("test"),
            test_probabilities=self.engine.predict("test"),
        )

    def _load(self) -> None:
        self.engine.class_weights = class_weights(
            self.config.class_weights, self.training.labels, self.engine.network.classes
        )
        self.engine.load("train", self.training)
        if len(self.validation):
            self.engine.load("validation", self.validation)
        self.engine.load("gallery", self._held_out()[self.gallery_rows])

    def _epoch(self, epoch: int) -> StopReason | None:
        """One epoch and its validation; why it was the last one, else ``None``."""
        began = self.clock()
        learning_rates = epoch_learning_rates(
            self.config, epoch, self.steps, self.plateau.reductions
        )
        self.engine.begin_epoch(
            epoch_order([self.config.seed], epoch, len(self.training)),
            step_schedule(
                self.engine.settings, learning_rates, self.steps_done, self.engine.optimizer
            ),
            self.steps_done,
        )
        training_seconds = self._steps(epoch)
        trained = self.engine.metrics()
        if not trained.seen[0]:  # stopped before the first step: there is nothing to record
            return self._interruption()
        self._tell(epoch, trained, training_seconds, "validating")
        validated = self._validate()
        record = EpochRecord(
            epoch=epoch,
            train_loss=float(trained.mean_loss[0]),
            train_accuracy=float(trained.accuracy[0]),
            val_loss=float(validated.mean_loss[0]) if validated else None,
            val_accuracy=float(validated.accuracy[0]) if validated else None,
            learning_rate=float(learning_rates[0, -1]),
            seconds=self.clock() - began,
            samples_per_second=int(trained.seen[0]) / max(training_seconds, 1e-9),
        )
        return self._conclude(record, whole=int(trained.seen[0]) == len(self.training))

    def _steps(self, epoch: int) -> float:
        """Take the epoch's steps, or as many as the user allows; the seconds they took."""
        done, busy = 0, 0.0
        while done < self.steps and not (self.control.stop_now.is_set() or self._out_of_time()):
            began = self.clock()
            count = min(self.pace.steps, self.steps - done)
            self.engine.train(count)
            metrics = self.engine.metrics()
            seconds = self.clock() - began
            self.pace.learn(count, seconds)
            done, busy = done + count, busy + seconds
            self.steps_done += count
            self._tell(epoch, metrics, busy, "training")
            self._wait_while_paused(epoch, metrics, busy)
        return busy

    def _wait_while_paused(self, epoch: int, metrics: Metrics, busy: float) -> None:
        while self.control.paused.is_set() and self._interruption() is None:
            self._tell(epoch, metrics, busy, "paused")
            time.sleep(PAUSE_SECONDS)

    def _validate(self) -> Metrics | None:
        if not len(self.validation):
            return None
        began = self.clock()
        metrics = self.engine.evaluate("validation")
        self.validation_seconds = self.clock() - began
        return metrics

    def _conclude(self, record: EpochRecord, whole: bool) -> StopReason | None:
        """Keep the weights if they are the best; say why the run ends, if it does."""
        self.history.append(record)
        diverged = not (math.isfinite(record.deciding_loss) and math.isfinite(record.train_loss))
        if not diverged and self._observe(record):
            self.best = self.engine.parameters()
        gallery = self.engine.predict("gallery")[0]
        for observer in self.observers:
            observer.epoch_ended(
                record, self.stopping.best_epoch, self.stopping.patience_left, gallery
            )
        if diverged:
            return "diverged"
        if whole:
            self.keeper.note(record.epoch, self._state)
        if whole and record.epoch == self.config.epochs:
            return goal(self.config, self.stopping, record)  # nothing is left to interrupt
        return self._interruption() or goal(self.config, self.stopping, record)

    def _state(self) -> RunState:
        return RunState(
            parameters=self.engine.parameters(),
            moments=self.engine.moments(),
            best=self.best,
            best_epoch=self.stopping.best_epoch,
            history=tuple(self.history),
            steps=self.steps_done,
            seconds=self._elapsed(),
            scaling=self.scaling,
        )

    def _elapsed(self) -> float:
        return self.seconds_before + self.clock() - self.began

    def _observe(self, record: EpochRecord) -> bool:
        """Take note of an epoch's figures; true if it is the best so far."""
        figure = monitored(self.config, record)
        self.plateau.observe(figure)
        return self.stopping.observe(record.epoch, figure)

    def _interruption(self) -> StopReason | None:
        """Why the run is to end here, be the epoch whole or not."""
        if self.control.stop_now.is_set() or self.control.stop_after_epoch.is_set():
            return "stopped by user"
        return "time limit reached" if self._out_of_time() else None

    def _out_of_time(self) -> bool:
        limit = self.config.max_time
        return limit is not None and self.clock() - self.began >= limit

    def _tell(self, epoch: int, metrics: Metrics, busy: float, phase: str) -> None:
        seen = int(metrics.seen[0])
        done = -(-seen // self.config.batch_size)
        progress = Progress(
            epoch=epoch,
            step=done,
            steps=self.steps,
            train_loss=float(metrics.mean_loss[0]) if seen else None,
            train_accuracy=float(metrics.accuracy[0]) if seen else None,
            samples_per_second=seen / busy if busy else 0.0,
            phase=phase,  # type: ignore[arg-type]
            elapsed=self._elapsed(),
            remaining=self._remaining(epoch, done),
        )
        for observer in self.observers:
            observer.progressed(progress)

    def _remaining(self, epoch: int, done: int) -> float | None:
        """Seconds until the last epoch is validated, at the latest pace."""
        pace = self.pace.seconds_per_step
        if pace is None:
            return None
        validation = self.validation_seconds
        if validation is None:
            # Forward is a third of a step: the two products of the way back cost twice as much.
            validation = pace * len(self.validation) / self.config.batch_size / 3
        epochs = self.config.epochs - epoch
        steps = self.steps - done + epochs * self.steps
        remaining = steps * pace + (epochs + 1) * validation
        if self.config.max_time is None:
            return remaining
        return min(remaining, max(0.0, self.config.max_time - (self.clock() - self.began)))

    def _held_out(self) -> Samples:
        return self.validation if len(self.validation) else self.training

    def _info(self) -> RunInfo:
        return RunInfo(
            device=self.engine.device,
            network=self.engine.network,
            config=self.config,
            dataset=self.dataset,
            gallery=self._held_out()[self.gallery_rows],
            train_count=len(self.training),
            validation_count=len(self.validation),
            steps_per_epoch=self.steps,
            history=tuple(self.history),
            best_epoch=self.stopping.best_epoch,
        )


def _gallery_rows(labels: NDArray[np.int32], classes: int) -> NDArray[np.intp]:
    """Rows that show the classes in turn: the first of each class, then the second of each."""
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(classes))
    rank = np.empty(len(labels), dtype=np.intp)
    rank[order] = np.arange(len(labels)) - starts[labels[order]]
    return np.lexsort((labels, rank))[:GALLERY_SIZE]
