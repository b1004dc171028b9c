"""The training loop: runs epochs on an engine, validates, stops early and keeps the best weights.

It trains a population of networks side by side; a single network is a population of one. Each
network's own state is in ``member``. The loop knows engines only through their interface, screens
only as callbacks, and no files: it passes on a ``RunState`` after every epoch and can resume from
one. ``run_samples`` has the samples, ``stopping`` decides when to stop, and the engine computes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset
from gpunet.engine.interface import Engine
from gpunet.engine.metrics import Metrics
from gpunet.errors import DeviceError
from gpunet.training.device_retry import DeviceRetry
from gpunet.training.events import (
    Callback,
    Control,
    EpochEnd,
    EpochRecord,
    Phase,
    RunInfo,
    StopReason,
)
from gpunet.training.insight import SHOWN_SHARE, Looks
from gpunet.training.member import Member, Members, mean_history
from gpunet.training.own_rows import OwnRows
from gpunet.training.progress import Epoch, ProgressMeter
from gpunet.training.requirements import require_fit, require_made_for
from gpunet.training.result import NetworkResult, TrainingResult
from gpunet.training.run_samples import RunSamples
from gpunet.training.state import Begun, RunState, Start
from gpunet.training.windows import Window

__all__ = ["Loop", "Prune"]

log = logging.getLogger(__name__)
logging.getLogger("gpunet").addHandler(logging.NullHandler())  # to see the log, add another handler

CHECKPOINT_SECONDS = 60
"""Seconds after which callbacks get a checkpoint within an epoch, between two windows."""

PAUSE_SECONDS = 0.05
"""Seconds between two checks of a paused run whether it may go on."""


Prune = Callable[[Sequence[Member]], Collection[int]]
"""Called with all networks after every epoch; returns those that should end, counted from 0."""


class Loop:
    """One run of the loop; ``trainer`` describes the arguments."""

    def __init__(
        self,
        engine: Engine,
        dataset: Dataset,
        configs: Sequence[TrainConfig],
        callbacks: Sequence[Callback],
        control: Control | None,
        begun: RunState | None = None,
        start: Start | None = None,
        own: OwnRows | None = None,
        prune: Prune | None = None,
    ) -> None:
        self.engine, self.dataset, self.callbacks = engine, dataset, tuple(callbacks)
        self.control = control or Control()
        self.clock = self.control.clock
        self.began = self.kept = self.clock()  # kept: time of the latest checkpoint
        self.begun, self.prune = begun, prune
        require_made_for(engine, dataset, configs)
        self.members = Members(map(Member, configs))
        first = configs[0]
        self.samples = RunSamples(engine, dataset, first, begun, own)
        self.splits, self.windows = self.samples.splits, self.samples.windows
        self.steps = self.samples.steps  # of an epoch
        self.batch_size, self.max_time = first.batch_size, first.max_time
        self.start = start or Start(engine.initial_parameters())
        self.best = self.start.parameters  # (P, N)
        self.steps_done = self.start.steps
        self.seconds_before = 0.0
        self.retry = DeviceRetry(engine)
        self.meter = ProgressMeter(engine, self.samples, self.members)
        self.looks = Looks(engine, self.samples, self._insight_share)

    @property
    def epochs_done(self) -> int:
        """Epochs done by the network that runs longest, including those before this start."""
        return self.start.epochs + self.members.epochs_done

    def begin(self) -> None:
        """Set the engine and the networks to the start of the run.

        Raises:
            ModelError: the state belongs to a different kind of run.
        """
        self.samples.load(gallery=bool(self.callbacks))
        self.engine.set_parameters(self.best)
        if self.start.moments is not None:
            self.engine.set_moments(self.start.moments)
        self.state = self._state(self.best, self.engine.moments())
        if (begun := self.begun) is None:
            return
        require_fit(begun, self.engine, self.samples)
        for member, history in zip(self.members, begun.histories, strict=True):
            member.restore(history)
        self.best, self.seconds_before = begun.best, begun.seconds
        self._go_back(begun)

    def _go_back(self, state: RunState) -> None:
        """Set the engine back to its state after an epoch."""
        self.state, self.steps_done = state, state.steps
        self.engine.set_parameters(state.parameters)
        self.engine.set_moments(state.moments)
        self.engine.deactivate(
            [p for p in range(len(self.members)) if p not in self.members.running]
        )

    def train(self, config: TrainConfig) -> None:
        """Train until the last network has ended; callbacks get ``config``."""
        info = self._info(config)
        for callback in self.callbacks:
            callback.on_train_begin(info)
        self.began = self.clock()
        while self.members.running:
            self._epoch_or_end()
        self.seconds = self._elapsed()
        reason, best = self.members.stop_reason, self.members.best_epoch
        for callback in self.callbacks:
            callback.on_train_end(reason, best)
        done = self.epochs_done
        log.info("training ended after %d epochs (%s), the best is %d", done, reason, best)

    def finish(self, *, test: bool) -> TrainingResult:
        """Restore the best weights and, if ``test``, evaluate them on the test set."""
        metrics, outputs = self._tested(test)
        return TrainingResult(
            parameters=self.best,
            networks=tuple(
                NetworkResult(tuple(one.history), one.stop_reason or "epochs", one.best_epoch)
                for one in self.members
            ),
            history=self.members.history,
            stop_reason=self.members.stop_reason,
            best_epoch=self.members.best_epoch,
            steps=self.steps_done,
            seconds=self.seconds,
            scaling=self.splits.scaling,
            counts={
                "train": int(self.samples.counts.max()),
                "validation": len(self.splits.validation),
                "test": len(self.splits.test),
            },
            device_failures=tuple(self.retry.failures),
            overcome=tuple(self.retry.overcome),
            test=metrics,
            test_outputs=outputs,
            inverted=self.splits.inverted,
            window=self._window,
            target_scaling=self.splits.target_scaling,
        )

    def _tested(self, test: bool) -> tuple[Metrics, NDArray[np.float32]]:
        """Metrics and predictions (P, n, C) of the test set.

        They are empty unless ``test``, or if the device has failed for good.
        """
        if test and len(self.splits.test):
            try:
                return self.retry(self._test, self._test)
            except DeviceError as error:
                self.retry.failures.append(str(error))
        shape = (len(self.members), 0, self.engine.network.outputs)
        return Metrics.none(len(self.members)), np.zeros(shape, np.float32)

    def _test(self) -> tuple[Metrics, NDArray[np.float32]]:
        self.engine.set_parameters(self.best)
        return self.samples.test()

    def _epoch_or_end(self) -> None:
        """Run the next epoch; if the device fails for good, end the run.

        Raises:
            DeviceError: the device fails in the first epoch, so that there is nothing to keep.
        """
        try:
            self.retry(self._epoch, self._epoch_again)
        except DeviceError as error:
            if not self.members.best_epoch:
                raise
            self.retry.failures.append(str(error))
            self.members.end(self.members.running, "device failed")

    def _epoch_again(self) -> None:
        """Go on from the last finished epoch."""
        self._go_back(self.state)
        if self.members.running:
            self._epoch()

    def _epoch(self) -> None:
        """Train and validate the next epoch, and end networks that are done."""
        began, running, before = self.clock(), self.members.running, self.state.begun
        epoch = self._begin_epoch()
        self._take_steps(epoch)
        if not epoch.metrics.seen.any():  # stopped before the first step: nothing to record
            self.members.end(running, self._interruption())
            return
        self._tell(epoch, "validating")
        validated, val_scores = self._validate()
        seconds = self.clock() - began + (before.seconds if before else 0.0)
        records = self._records(epoch, validated, val_scores, seconds)
        whole = bool((epoch.metrics.seen == self.samples.counts)[running].all())
        self._conclude(records, whole)

    def _begin_epoch(self) -> Epoch:
        """The next epoch before its first step, or after the windows already done."""
        number, begun = self.epochs_done + 1, self.state.begun
        rates = np.zeros((len(self.members), self.steps))
        for p in self.members.running:
            rates[p] = self.members[p].learning_rates(number, self.steps)
        if begun is None:
            epoch = Epoch(number, rates, Metrics.none(len(self.members)), 0.0)
        else:
            epoch = Epoch(number, rates, begun.metrics, begun.seconds)
        self.meter.begin(epoch)
        return epoch

    def _records(
        self, epoch: Epoch, validated: Metrics | None, val_scores: Sequence[Any], seconds: float
    ) -> dict[int, EpochRecord]:
        """The record of the epoch for each running network, by its number."""
        trained, measured = epoch.metrics, self.engine.network.kind == "measured"
        train_scores = self.samples.scores("train", trained)
        return {
            p: EpochRecord(
                epoch=epoch.number,
                train_loss=float(trained.mean_loss[p]),
                train_accuracy=None if measured else train_scores[p],
                val_loss=float(validated.mean_loss[p]) if validated else None,
                val_accuracy=None if measured else val_scores[p],
                learning_rate=float(epoch.learning_rates[p, -1]),
                seconds=seconds,
                samples_per_second=int(trained.seen[p]) / max(epoch.busy, 1e-9),
                train_r2=train_scores[p] if measured else None,
                val_r2=val_scores[p] if measured else None,
            )
            for p in self.members.running
        }

    def _take_steps(self, epoch: Epoch) -> None:
        """Take the epoch's steps, until it is stopped or no loss is finite any more."""
        done_before = self.state.begun.samples if self.state.begun else 0
        for window in self.windows.of_epoch(epoch.number, done_before):
            self._take_steps_of(window, epoch)
            if not self._may_go_on(epoch):
                break
            self._keep_epoch_begun(window, epoch)

    def _take_steps_of(self, window: Window, epoch: Epoch) -> None:
        began = self.clock()
        steps = self.samples.begin_window(
            epoch.number, window, epoch.learning_rates, self.steps_done
        )
        epoch.busy += self.clock() - began
        done, before = 0, epoch.metrics
        while done < steps and self._may_go_on(epoch):
            began = self.clock()
            count = min(self.meter.pace.steps, steps - done)
            ending = done + count == steps and window.following is None
            with self.meter.usage.steps(count):
                self.looks.train(count, ending=ending)
                window.copy_ahead(self.engine)
                epoch.metrics = before + self.engine.metrics()
            seconds = self.clock() - began
            self.meter.pace.update(count, seconds)
            done, self.steps_done = done + count, self.steps_done + count
            epoch.busy += seconds
            self._tell(epoch, "training")
            self._wait_while_paused(epoch)

    def _keep_epoch_begun(self, window: Window, epoch: Epoch) -> None:
        """Give callbacks a checkpoint between two windows, if the last one was long ago."""
        done = window.first + window.count
        if done == len(self.splits.training) or self.clock() - self.kept < CHECKPOINT_SECONDS:
            return
        parameters, moments = self.engine.parameters(), self.engine.moments()
        state = self._state(parameters, moments, Begun.of(done, epoch.busy, epoch.metrics))
        if state.finite and np.isfinite(epoch.metrics.loss).all():
            self._tell_checkpoint(state)

    def _tell_checkpoint(self, state: RunState) -> None:
        self.state, self.kept = state, self.clock()
        for callback in self.callbacks:
            callback.on_checkpoint(state)

    def _may_go_on(self, epoch: Epoch) -> bool:
        """Whether the epoch should continue: no stop is due and a loss is still finite."""
        if self.control.stop_now.is_set() or self._out_of_time():
            return False
        return bool(np.isfinite(epoch.metrics.loss[self.members.running]).any())

    def _wait_while_paused(self, epoch: Epoch) -> None:
        with self.clock.stopped():
            while self.control.paused.is_set() and self._interruption() is None:
                self._tell(epoch, "paused")
                time.sleep(PAUSE_SECONDS)

    def _validate(self) -> tuple[Metrics | None, Sequence[Any]]:
        began = self.clock()
        validated = self.samples.validate()
        self.meter.validation_seconds = self.clock() - began
        return validated

    def _conclude(self, records: dict[int, EpochRecord], whole: bool) -> None:
        """Keep the best weights, and deactivate the networks that have ended.

        Everything is read from the device first, since it may fail.
        """
        parameters = self.engine.parameters()
        wanted = self.engine.can_be_lost or self.callbacks  # otherwise nobody needs the whole state
        moments = self.engine.moments() if wanted else None
        gallery = self.engine.predict("gallery") if self.callbacks else None  # (P, g, C)
        improved = [p for p, record in records.items() if self.members[p].observe(record)]
        if improved:
            self.best = self.best.copy()  # an earlier state holds the old array
            self.best[improved] = parameters[improved]
        if gallery is not None:
            self._notify_epoch_end(list(records), gallery)
        interruption = self._interruption()
        ended = {p for p in records if self.members[p].decide_stop(whole, interruption)}
        if moments is None:
            self.state = replace(self.state, begun=None)
        else:
            self.state = self._state(parameters, moments)
        diverged = any(one.stop_reason == "diverged" for one in self.members)
        if self.callbacks and whole and not diverged and self.state.finite:
            self._tell_checkpoint(self.state)
        if ending := ended | self._pruned():
            self.engine.deactivate(ending)

    def _notify_epoch_end(self, networks: list[int], gallery: NDArray[np.float32]) -> None:
        """Tell callbacks the scores of these networks, all that ran in the epoch."""
        record = mean_history([self.members[p].history[-1:] for p in networks])[0]
        patience = [self.members[p].patience_left for p in networks]
        left = None if None in patience else max(one for one in patience if one is not None)
        end = EpochEnd.of(record, self.members.best_epoch, left, gallery[networks].mean(axis=0))
        for callback in self.callbacks:
            if callback.on_epoch_end(end):
                self.control.stop_after_epoch.set()

    def _insight_share(self) -> float:
        """The share of the run's time that looks into the networks may take."""
        shown = SHOWN_SHARE if self.control.insight_wanted.is_set() else 0.0
        return max(shown, *(callback.insight_share for callback in self.callbacks), 0.0)

    def _pruned(self) -> set[int]:
        """The running networks that ``prune`` ends."""
        if self.prune is None:
            return set()
        pruned = set(self.prune(self.members)).intersection(self.members.running)
        self.members.end(pruned, "pruned")
        return pruned

    def _state(
        self,
        parameters: NDArray[np.float32],
        moments: NDArray[np.float32],
        begun: Begun | None = None,
    ) -> RunState:
        return RunState(
            parameters=parameters,
            moments=moments,
            best=self.best,
            best_epochs=tuple(member.best_epoch for member in self.members),
            histories=tuple(tuple(member.history) for member in self.members),
            steps=self.steps_done,
            seconds=self._elapsed(),
            scaling=self.splits.scaling,
            inverted=self.splits.inverted,
            window=self._window,
            begun=begun,
            device=str(self.engine.device),
            target_scaling=self.splits.target_scaling,
        )

    @property
    def _window(self) -> int | None:
        """Samples that the device holds at a time; ``None`` for all of them."""
        return None if len(self.windows) == 1 else self.windows.size

    def _elapsed(self) -> float:
        return self.seconds_before + self.clock() - self.began

    def _interruption(self) -> StopReason | None:
        """Why the run must end now, even within an epoch; ``None`` if it may go on."""
        if self.control.stopping:
            return "stopped by user"
        return "time limit reached" if self._out_of_time() else None

    def _out_of_time(self) -> bool:
        return self.max_time is not None and self.clock() - self.began >= self.max_time

    def _tell(self, epoch: Epoch, phase: Phase) -> None:
        """Tell callbacks the progress of the run, and a look into the networks if one is due."""
        if not self.callbacks:
            return
        worked = self.clock() - self.began
        allowed = None if self.max_time is None else max(0.0, self.max_time - worked)
        progress = self.meter.progress(epoch, phase, self._elapsed(), allowed)
        for callback in self.callbacks:
            callback.on_progress(progress)
        paused = phase == "paused"
        insight = self.looks.look(epoch.number, progress.step, self.members.running, paused=paused)
        if insight is not None:
            for callback in self.callbacks:
                callback.on_insight(insight)

    def _info(self, config: TrainConfig) -> RunInfo:
        begun = self.state.begun
        return RunInfo(
            device=self.engine.device,
            network=self.engine.network,
            config=config,
            dataset=self.dataset,
            gallery=self.samples.gallery,
            train_count=len(self.splits.training),
            validation_count=len(self.splits.validation),
            steps_per_epoch=self.steps,
            test_count=len(self.splits.test),
            windows=len(self.windows),
            history=self.members.history,
            best_epoch=self.members.best_epoch,
            begun_steps=0 if begun is None else begun.samples // self.batch_size,
            scaling=self.splits.scaling,
            target_scaling=self.splits.target_scaling,
        )
