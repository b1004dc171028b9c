"""The training loop: epochs over an engine, with validation, early stopping and the best weights.

It trains a population of networks side by side; one network is a population of one, and what
concerns one of several is its ``member``'s. It knows engines only through their interface, screens
only as callbacks, and files not at all: it hands out a ``RunState`` after every epoch and can go
on from one. The samples belong to ``run_samples``, when to stop to ``stopping``, the numbers to the
engine.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, replace
from statistics import fmean
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gpunet.config import SHARED, TrainConfig
from gpunet.datasets.dataset import Dataset
from gpunet.engine.interface import Engine, Metrics, NetworkSettings
from gpunet.errors import DeviceError, DeviceLostError, ModelError, UsageError
from gpunet.training.events import (
    Callback,
    Control,
    EpochEnd,
    EpochRecord,
    Progress,
    RunInfo,
    StopReason,
)
from gpunet.training.insight import SHOWN_SHARE, Looks
from gpunet.training.member import Member, mean_history, require_unfinished
from gpunet.training.own_rows import OwnRows
from gpunet.training.pace import Pace
from gpunet.training.result import NetworkResult, TrainingResult
from gpunet.training.run_samples import RunSamples
from gpunet.training.splits import network_for, settled
from gpunet.training.state import Begun, RunState, Start
from gpunet.training.usage import UsageMeter
from gpunet.training.windows import Window

__all__ = ["Prune", "train", "train_population"]

log = logging.getLogger(__name__)
logging.getLogger("gpunet").addHandler(logging.NullHandler())  # who wants to hear adds another

REPORT_SECONDS = 0.1
"""Time between two read-backs: short enough to look alive, long against a read's 0.3 ms."""

CHECKPOINT_SECONDS = 60
"""Seconds after which a checkpoint is told within an epoch, between two windows."""

PAUSE_SECONDS = 0.05
"""How often a paused run looks whether it may go on."""


Outcome = TypeVar("Outcome")

Prune = Callable[[Sequence[Member]], Collection[int]]
"""Called with all networks after every epoch; returns those, counted from 0, that are to end."""


def train(
    engine: Engine,
    dataset: Dataset,
    config: TrainConfig,
    *,
    callbacks: Sequence[Callback] = (),
    control: Control | None = None,
    resume: RunState | None = None,
    start: Start | None = None,
) -> TrainingResult:
    """Train one network, or an ensemble of them, and evaluate the best weights on the test set.

    Args:
        engine: made for the networks that ``config`` describes.
        dataset: its training samples are split into those trained on and those held out.
        config: how to train.
        callbacks: called in this order as the training goes on.
        control: how a user asks to stop or to pause.
        resume: where an earlier run with the same data and settings stands. This one then gives
            bit for bit what the earlier one would have given.
        start: weights to begin with, where it is neither a resumed run nor one that begins anew.

    Raises:
        UsageError: the validation set would leave nothing to train on, the run to be resumed
            has ended, or the engine was made for other settings.
        ModelError: what is to be resumed does not fit the data and the settings.
        DeviceError: the data do not fit the device, or the device is lost.
    """
    config = settled(config, dataset)
    run = _Run(engine, dataset, config.networks(), callbacks, control, resume, start)
    if resume is not None:
        require_unfinished(config, resume.histories)
    run.begin(resume)
    run.train(config)
    return run.finish(test=True)


def train_population(
    engine: Engine,
    dataset: Dataset,
    configs: Sequence[TrainConfig],
    *,
    own: OwnRows | None = None,
    prune: Prune | None = None,
    callbacks: Sequence[Callback] = (),
    control: Control | None = None,
) -> TrainingResult:
    """Train networks of one shape side by side; the test set stays untouched.

    Args:
        engine: made for these networks.
        dataset: its training samples are split into those trained on and those held out.
        configs: how to train each; they share what ``SHARED`` names, and the first one's seed
            decides what is held out.
        own: each network's own rows, whose dataset it is; nothing more is held out or scaled.
        prune: called with all networks after every epoch; returns those that are to end.
        callbacks: get the means over the networks that run, and the first one's settings.
        control: how a user asks to stop or to pause.

    Raises:
        UsageError: the networks differ in what they must share, the validation set would leave
            nothing to train on, or the engine was made for other settings.
        DeviceError: the data do not fit the device, or the device is lost.
    """
    _require_shared(configs)
    configs = [settled(config, dataset) for config in configs]
    run = _Run(engine, dataset, configs, callbacks, control, own=own)
    run.prune = prune
    run.begin(None)
    run.train(configs[0])
    return run.finish(test=False)


def _require_shared(configs: Sequence[TrainConfig]) -> None:
    for index, config in enumerate(configs):
        for name in SHARED:
            one, first = getattr(config, name), getattr(configs[0], name)
            if one != first:
                raise UsageError(
                    f"network {index} of the population has {name} {one} but the first one has "
                    f"{first}; train them in two populations"
                )


def _require_made_for(engine: Engine, dataset: Dataset, configs: Sequence[TrainConfig]) -> None:
    """Make sure that the engine trains what the configurations describe.

    Raises:
        UsageError: it was made for something else.
    """
    first, made = configs[0], (engine.network, engine.optimizer, engine.batch_size, engine.settings)
    network = network_for(first, dataset)
    settings = tuple(map(NetworkSettings.of, configs))
    names = ("initialization", "class_weights", "rate_by_inputs")
    others = [[getattr(one, name) for name in names] for one in configs]
    engine_others = [[getattr(one, name) for name in names] for one in engine.configs]
    wanted = network, first.optimizer, first.batch_size, settings
    if (*made, engine_others) != (*wanted, others):
        raise UsageError(
            "the engine was made for other settings than those to train with; make the engine from "
            "the same TrainConfig"
        )


class _Run:
    """The state of one training run."""

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
    ) -> None:
        self.engine, self.dataset, self.callbacks = engine, dataset, tuple(callbacks)
        self.control = control or Control()
        self.clock = self.control.clock
        self.began = self.kept = self.clock()  # kept: when the latest checkpoint was told
        self.prune: Prune | None = None
        _require_made_for(engine, dataset, configs)
        self.members = tuple(Member(config) for config in configs)
        first = configs[0]
        self.samples = RunSamples(engine, dataset, first, begun, own)
        self.splits, self.windows = self.samples.splits, self.samples.windows
        self.steps = self.samples.steps  # of an epoch
        self.batch_size, self.max_time = first.batch_size, first.max_time
        self.start = start or Start(engine.initial_parameters())
        self.best = self.start.parameters  # (P, N)
        self.steps_done = self.start.steps
        self.seconds_before = 0.0
        self.failures: list[str] = []  # of the device, that were not overcome
        self.overcome: list[str] = []
        self.pace = Pace(REPORT_SECONDS)
        self.usage = UsageMeter(engine)
        self.looks = Looks(engine, self.samples, self._insight_share)
        self.validation_seconds: float | None = None
        self.told = Metrics.none(len(self.members))  # of the epoch, in the latest report
        self.learning_rates = np.zeros((len(self.members), self.steps))  # of the epoch's steps

    @property
    def running(self) -> list[int]:
        """The networks that have not ended."""
        return [p for p, member in enumerate(self.members) if member.stop_reason is None]

    @property
    def epochs_done(self) -> int:
        """Epochs done by the network that runs longest."""
        return self.start.epochs + max(len(member.history) for member in self.members)

    @property
    def best_epoch(self) -> int:
        """The latest of the networks' best epochs."""
        return max(member.best_epoch for member in self.members)

    def begin(self, resume: RunState | None) -> None:
        """Bring the engine and the watchers to where the run starts.

        Raises:
            ModelError: the state is of another kind of run.
        """
        self.samples.load(gallery=bool(self.callbacks))
        self.engine.set_parameters(self.best)
        if self.start.moments is not None:
            self.engine.set_moments(self.start.moments)
        self.state = self._state(self.best, self.engine.moments())
        if resume is None:
            return
        self._require_fit(resume)
        for member, history in zip(self.members, resume.histories, strict=True):
            member.restore(history)
        self.best, self.seconds_before = resume.best, resume.seconds
        self._go_back(resume)

    def _go_back(self, state: RunState) -> None:
        """Put the engine where it was after an epoch."""
        self.state, self.steps_done = state, state.steps
        self.engine.set_parameters(state.parameters)
        self.engine.set_moments(state.moments)
        self.engine.deactivate([p for p in range(len(self.members)) if p not in self.running])

    def _require_fit(self, state: RunState) -> None:
        shapes = self.engine.parameters().shape, self.engine.moments().shape
        steps, begun = max(map(len, state.histories)) * self.steps, state.begun
        if begun is not None:
            steps += begun.samples // self.batch_size
        whole = begun is not None and begun.samples >= len(self.splits.training)
        same = shapes == (state.parameters.shape, state.moments.shape)
        if not same or whole or steps != state.steps:
            raise ModelError(
                "the run's weights, moments or steps do not fit its settings and its data; train "
                "again"
            )

    def train(self, config: TrainConfig) -> None:
        """Train until the last network has ended; callbacks get ``config``."""
        info = self._info(config)
        for callback in self.callbacks:
            callback.on_train_begin(info)
        self.began = self.clock()
        while self.running:
            self._epoch_or_end()
        self.seconds = self._elapsed()
        for callback in self.callbacks:
            callback.on_train_end(self._stop_reason(), self.best_epoch)
        done = self.epochs_done, self._stop_reason(), self.best_epoch
        log.info("training ended after %d epochs (%s), the best is %d", *done)

    def finish(self, *, test: bool) -> TrainingResult:
        """Restore the best weights and, if wanted, evaluate them on the test set."""
        metrics, outputs = self._tested(test)
        return TrainingResult(
            parameters=self.best,
            networks=tuple(
                NetworkResult(tuple(one.history), one.stop_reason or "epochs", one.best_epoch)
                for one in self.members
            ),
            history=mean_history([member.history for member in self.members]),
            stop_reason=self._stop_reason(),
            best_epoch=self.best_epoch,
            steps=self.steps_done,
            seconds=self.seconds,
            scaling=self.splits.scaling,
            counts={
                "train": int(self.samples.counts.max()),
                "validation": len(self.splits.validation),
                "test": len(self.splits.test),
            },
            device_failures=tuple(self.failures),
            overcome=tuple(self.overcome),
            test=metrics,
            test_outputs=outputs,
            inverted=self.splits.inverted,
            window=self._window,
            target_scaling=self.splits.target_scaling,
        )

    def _tested(self, test: bool) -> tuple[Metrics, NDArray[np.float32]]:
        """Sums over the test set and the answers (P, n, C).

        Of no sample unless wanted, or where the device has failed for good.
        """
        if test and len(self.splits.test):
            try:
                return self._retry_on_device_loss(self._test, self._test)
            except DeviceError as error:
                self.failures.append(str(error))
        networks = len(self.members)
        empty = np.zeros((networks, 0, self.engine.network.outputs), dtype=np.float32)
        return Metrics.none(networks), empty

    def _test(self) -> tuple[Metrics, NDArray[np.float32]]:
        self.engine.set_parameters(self.best)
        return self.samples.test()

    def _epoch_or_end(self) -> None:
        """The next epoch; on a device that fails at it for good, the end.

        Raises:
            DeviceError: it fails at the first epoch, so that there is nothing to keep.
        """
        try:
            self._retry_on_device_loss(self._epoch, self._epoch_again)
        except DeviceError as error:
            if not self.best_epoch:
                raise
            self.failures.append(str(error))
            self._end_all(self.running, "device failed")

    def _retry_on_device_loss(
        self, work: Callable[[], Outcome], again: Callable[[], Outcome]
    ) -> Outcome:
        """Do some work; if the device is lost, open it again and repeat the work.

        Raises:
            DeviceError: it fails for good.
        """
        try:
            return work()
        except DeviceLostError as error:
            self.failures.append(str(error))
            log.warning("the device is opened again, and the work repeated: %s", error)
        self.engine.reopen()
        done = again()
        self.overcome.append(self.failures.pop())
        return done

    def _epoch_again(self) -> None:
        """Go on from the latest epoch that is done."""
        self._go_back(self.state)
        if self.running:
            self._epoch()

    def _epoch(self) -> None:
        """The next epoch and its validation, and who comes to an end with it."""
        began = self.clock()
        running, epoch, begun = self.running, self.epochs_done + 1, self.state.begun
        self.learning_rates = np.zeros((len(self.members), self.steps))
        for p in running:
            self.learning_rates[p] = self.members[p].learning_rates(epoch, self.steps)
        trained, training_seconds = self._steps(epoch)
        if not trained.seen.any():  # stopped before the first step: there is nothing to record
            self._end_all(running, self._interruption())
            return
        self._tell(epoch, trained, training_seconds, "validating")
        validated, val_scores = self._validate()
        seconds = self.clock() - began + (begun.seconds if begun else 0.0)
        measured = self.engine.network.kind == "measured"
        train_scores = self.samples.scores("train", trained)
        records = {
            p: EpochRecord(
                epoch=epoch,
                train_loss=float(trained.mean_loss[p]),
                train_accuracy=None if measured else train_scores[p],
                val_loss=float(validated.mean_loss[p]) if validated else None,
                val_accuracy=None if measured else val_scores[p],
                learning_rate=float(self.learning_rates[p, -1]),
                seconds=seconds,
                samples_per_second=int(trained.seen[p]) / max(training_seconds, 1e-9),
                train_r2=train_scores[p] if measured else None,
                val_r2=val_scores[p] if measured else None,
            )
            for p in running
        }
        self._conclude(records, whole=bool((trained.seen == self.samples.counts)[running].all()))

    def _end_all(self, networks: list[int], reason: StopReason | None) -> None:
        for p in networks:
            self.members[p].stop_reason = reason

    def _steps(self, epoch: int) -> tuple[Metrics, float]:
        """Take the epoch's steps, or as many as the user allows.

        Where every loss has ceased to be a number, no further step can help.

        Returns:
            What they gave, and the seconds they took.
        """
        begun = self.state.begun or Begun.of(0, 0.0, Metrics.none(len(self.members)))
        metrics, busy = begun.metrics, begun.seconds
        self.told = metrics
        for window in self.windows.of_epoch(epoch, begun.samples):
            began = self.clock()
            steps = self.samples.begin_window(epoch, window, self.learning_rates, self.steps_done)
            busy += self.clock() - began
            done, before = 0, metrics
            while done < steps and self._may_go_on(metrics):
                began = self.clock()
                count = min(self.pace.steps, steps - done)
                ending = done + count == steps and window.following is None
                with self.usage.steps(count):
                    self.looks.train(count, ending=ending)
                    window.copy_ahead(self.engine)
                    metrics = before + self.engine.metrics()
                seconds = self.clock() - began
                self.pace.update(count, seconds)
                done, busy = done + count, busy + seconds
                self.steps_done += count
                self._tell(epoch, metrics, busy, "training")
                self._wait_while_paused(epoch, metrics, busy)
            if not self._may_go_on(metrics):
                break
            self._keep_epoch_begun(window, metrics, busy)
        return metrics, busy

    def _keep_epoch_begun(self, window: Window, metrics: Metrics, busy: float) -> None:
        """Tell a checkpoint between two windows, if the latest one is a while ago."""
        done = window.first + window.count
        if done == len(self.splits.training) or self.clock() - self.kept < CHECKPOINT_SECONDS:
            return
        parameters, moments = self.engine.parameters(), self.engine.moments()
        state = self._state(parameters, moments, Begun.of(done, busy, metrics))
        if state.finite and np.isfinite(metrics.loss).all():
            self._tell_checkpoint(state)

    def _tell_checkpoint(self, state: RunState) -> None:
        self.state, self.kept = state, self.clock()
        for callback in self.callbacks:
            callback.on_checkpoint(state)

    def _may_go_on(self, metrics: Metrics) -> bool:
        """Whether another step of the epoch is wanted, and may help."""
        if self.control.stop_now.is_set() or self._out_of_time():
            return False
        return bool(np.isfinite(metrics.loss[self.running]).any())

    def _wait_while_paused(self, epoch: int, metrics: Metrics, busy: float) -> None:
        with self.clock.stopped():
            while self.control.paused.is_set() and self._interruption() is None:
                self._tell(epoch, metrics, busy, "paused")
                time.sleep(PAUSE_SECONDS)

    def _validate(self) -> tuple[Metrics | None, list[Any]]:
        began = self.clock()
        validated = self.samples.validate()
        self.validation_seconds = self.clock() - began
        return validated

    def _conclude(self, records: dict[int, EpochRecord], whole: bool) -> None:
        """Keep the best weights, and deactivate the networks that have ended.

        All that the device has to tell is asked for first, as it may fail.
        """
        parameters = self.engine.parameters()
        wanted = self.engine.can_be_lost or self.callbacks  # else nobody asks for the whole state
        moments = self.engine.moments() if wanted else None
        gallery = self.engine.predict("gallery") if self.callbacks else None  # (P, g, C)
        improved = [p for p, record in records.items() if self.members[p].observe(record)]
        if improved:
            self.best = self.best.copy()  # an earlier state has what it was
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
        """Hand callbacks the scores of these networks, all that ran."""
        record = mean_history([self.members[p].history[-1:] for p in networks])[0]
        patience = [self.members[p].patience_left for p in networks]
        left = None if None in patience else max(one for one in patience if one is not None)
        end = EpochEnd.of(record, self.best_epoch, left, gallery[networks].mean(axis=0))
        for callback in self.callbacks:
            if callback.on_epoch_end(end):
                self.control.stop_after_epoch.set()

    def _insight_share(self) -> float:
        """The share of the time that looks into the networks may take."""
        shown = SHOWN_SHARE if self.control.insight_wanted.is_set() else 0.0
        return max(shown, *(callback.insight_share for callback in self.callbacks), 0.0)

    def _pruned(self) -> set[int]:
        """The networks that are asked to end, though they could go on."""
        if self.prune is None:
            return set()
        pruned = set(self.prune(self.members)).intersection(self.running)
        for p in pruned:
            self.members[p].stop_reason = "pruned"
        return pruned

    def _stop_reason(self) -> StopReason:
        """Why the network that ran longest stopped; one that diverged counts only if all did."""
        ended = [one for one in self.members if one.stop_reason != "diverged"] or self.members
        return max(ended, key=lambda one: len(one.history)).stop_reason or "epochs"

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
        """Why the run is to end here, be the epoch whole or not."""
        if self.control.stopping:
            return "stopped by user"
        return "time limit reached" if self._out_of_time() else None

    def _out_of_time(self) -> bool:
        return self.max_time is not None and self.clock() - self.began >= self.max_time

    def _tell(self, epoch: int, metrics: Metrics, busy: float, phase: str) -> None:
        if not self.callbacks:
            return
        seen, running = metrics.seen, self.running
        scores = self.samples.scores("train", metrics)
        done = -(-int(seen.max()) // self.batch_size)
        started = bool(seen.any())
        recent, self.told = metrics.since(self.told), metrics
        news = bool(recent.seen.any())
        recent_scores = self.samples.scores("train", recent)
        progress = Progress(
            epoch=epoch,
            step=done,
            steps=self.steps,
            train_loss=float(metrics.mean_loss[running].mean()) if started else None,
            train_score=fmean(scores[p] for p in running) if started else None,
            samples_per_second=int(seen.sum()) / busy if busy else 0.0,
            phase=phase,  # type: ignore[arg-type]
            elapsed=self._elapsed(),
            remaining=self._remaining(epoch, done),
            recent_loss=float(recent.mean_loss[running].mean()) if news else None,
            recent_score=fmean(recent_scores[p] for p in running) if news else None,
            learning_rate=float(self.learning_rates[running, done - 1].mean()) if done else None,
            **asdict(self.usage.now()),
        )
        for callback in self.callbacks:
            callback.on_progress(progress)
        insight = self.looks.look(epoch, done, running, paused=phase == "paused")
        if insight is not None:
            for callback in self.callbacks:
                callback.on_insight(insight)

    def _remaining(self, epoch: int, done: int) -> float | None:
        """Seconds until the last epoch is validated, at the latest pace."""
        pace = self.pace.seconds_per_step
        if pace is None:
            return None
        validation = self.validation_seconds
        if validation is None:
            # Forward is a third of a step: the two products of the way back cost twice as much.
            validation = pace * len(self.splits.validation) / self.batch_size / 3
        epochs = max(self.members[p].config.effective_epochs for p in self.running) - epoch
        steps = self.steps - done + epochs * self.steps
        remaining = steps * pace + (epochs + 1) * validation
        if self.max_time is None:
            return remaining
        allowed = max(0.0, self.max_time - (self.clock() - self.began))
        return min(remaining, allowed + validation)  # the epoch that is cut short is validated

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
            history=mean_history([member.history for member in self.members]),
            best_epoch=self.best_epoch,
            begun_steps=0 if begun is None else begun.samples // self.batch_size,
            scaling=self.splits.scaling,
            target_scaling=self.splits.target_scaling,
        )
