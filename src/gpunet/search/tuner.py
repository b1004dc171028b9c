"""The search loop: trains batches of trials as populations until the study has enough.

This module takes a trial from its claim to its result, and keeps the best model's file. ``study``
decides which trials there are; screens are observers.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path

from optuna.trial import Trial

from gpunet.artifacts import model_file
from gpunet.config import TrainConfig
from gpunet.config.choices import MAXIMIZED
from gpunet.datasets.dataset import Dataset
from gpunet.engine.factory import Device, create_engine
from gpunet.engine.wgpu.tile_cache import TileCache
from gpunet.errors import DeviceError, UsageError
from gpunet.files.whole_file import remove_leftovers
from gpunet.search.events import SearchInfo, SearchObserver, Work
from gpunet.search.study import SearchStudy
from gpunet.search.study_progress import StudyProgress
from gpunet.training.events import Control
from gpunet.training.member import Member
from gpunet.training.result import TrainingResult
from gpunet.training.settings_for_data import network_for
from gpunet.training.stopping import monitored
from gpunet.training.trainer import train_population
from gpunet.workflows.devices import compiling
from gpunet.workflows.training import untrained_model

__all__ = ["Tuner", "best_model_path"]

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
"""Seconds between two checks of what other workers have done."""


class Tuner:
    """Trains a study's trials.

    Args:
        study: source of the trials.
        choice: the device.
        dataset: the data.
        work: number of trials in all and side by side, and the time limit.
        control: lets a user stop or pause.
        observer: is called as the search goes on.
    """

    def __init__(
        self,
        study: SearchStudy,
        choice: Device,
        dataset: Dataset,
        work: Work,
        control: Control,
        observer: SearchObserver,
    ) -> None:
        self._study, self._choice, self._dataset, self._work = study, choice, dataset, work
        self._control, self._observer = control, observer
        self._kept: Path | None = None
        self._timed_out = False

    def run(self) -> StudyProgress:
        """Train until the study has all its trials, time is up, or the user stops the search.

        Raises:
            StudyError: the study's storage fails.
            DeviceError: the device is lost, or too small for the networks.
            OutputError: the best model cannot be written.
        """
        remove_leftovers(self._study.storage.folder)
        progress = self._progress()
        if progress.best is not None:
            self._kept = best_model_path(self._study.storage.folder, progress.best.number)
        info = SearchInfo.of(self._study, self._choice, self._dataset, progress)
        self._observer.on_search_begin(info)
        with self._study.alive(), self._time_limit():
            while not self._control.stopping:
                batch = self._study.claim(self._work.population, self._work.trials)
                if batch:
                    self._train_all(batch)
                elif not self._wait_for_others():
                    break
        return self._progress()

    def _progress(self) -> StudyProgress:
        return self._study.progress(self._work.trials)

    @contextmanager
    def _time_limit(self) -> Iterator[None]:
        def stop() -> None:
            self._timed_out = True
            self._control.stop_now.set()

        timer = threading.Timer(self._work.timeout or 0, stop)
        timer.daemon = True
        if self._work.timeout is not None:
            timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _wait_for_others(self) -> bool:
        """Whether other workers are training; if so, wait a moment, as they may fail."""
        others = self._study.others_at_work()
        if others:
            self._observer.on_wait(self._progress(), others)
            self._control.stop_now.wait(POLL_SECONDS)
        return bool(others)

    def _train_all(self, batch: Sequence[Trial]) -> None:
        """Train a batch; whatever happens, release the trials that were not finished."""

        def shape(trial: Trial) -> str:
            return repr(self._study.spec.space.group(trial.params))

        try:
            ordered = sorted(batch, key=lambda one: (shape(one), one.number))
            for _, alike in groupby(ordered, key=shape):
                if not self._control.stopping:
                    self._train(list(alike))
        except BaseException:
            with suppress(Exception):  # the first failure is the one to report
                self._study.release(batch)
            raise
        self._study.release(batch)

    def _train(self, alike: Sequence[Trial]) -> None:
        """Train trials of one shape as a population."""
        configs: dict[Trial, TrainConfig] = {}
        for trial in alike:
            try:
                configs[trial] = self._config(trial)
            except UsageError as error:
                self._study.prune(trial, str(error))
        progress = self._progress()
        if not configs:
            self._observer.on_update(progress)
            return
        trials, settings = list(configs), list(configs.values())
        network = network_for(settings[0], self._dataset)
        for trial in trials:
            log.debug("trial %d: %s", trial.number, trial.params)
        log.info("%d trials of %s side by side", len(trials), network)
        self._observer.on_batch_begin(progress, str(network), [one.number for one in trials])
        adapter = self._choice.adapter
        tiles = None if adapter is None else TileCache.of(adapter)
        if adapter is not None:
            for done, count in compiling(adapter, settings, self._dataset, tiles):
                self._observer.on_compile(done, count)
        with create_engine(self._choice, network, settings, tiles) as engine:
            result = train_population(
                engine,
                self._dataset,
                settings,
                prune=partial(self._prune, trials),
                callbacks=(self._observer,),
                control=self._control,
            )
        best = self._keep_best(configs, result)
        for index, trial in enumerate(trials):
            self._finish(trial, settings[index], result, index)
        self._replace(best)
        self._observer.on_update(self._progress())
        if result.stop_reason == "device failed":
            raise DeviceError(result.device_failures[-1])

    def _config(self, trial: Trial) -> TrainConfig:
        spec = self._study.spec
        config = spec.space.config(spec.config, trial.params)
        network_for(config, self._dataset)
        return config

    def _prune(self, trials: Sequence[Trial], members: Sequence[Member]) -> Collection[int]:
        """Report an epoch's metrics to the study; return which networks should end."""
        epoch = max(len(member.history) for member in members)
        for trial, member in zip(trials, members, strict=True):
            if len(member.history) == epoch:  # the others ended earlier
                record = member.history[-1]
                metric = monitored(member.config, record)
                self._study.report(trial, record.epoch, _as_known(member.config, metric))
        pruned = []
        for index, (trial, member) in enumerate(zip(trials, members, strict=True)):
            if member.stop_reason is None and self._study.should_prune(trial):
                self._study.prune(trial, "pruned")
                pruned.append(index)
        self._observer.on_update(self._progress())
        return pruned

    def _finish(
        self, trial: Trial, config: TrainConfig, result: TrainingResult, index: int
    ) -> None:
        """Report a trial's outcome to the study."""
        network = result.networks[index]
        reason: str = network.stop_reason
        if network.stop_reason == "diverged":
            reason = f"diverged in epoch {len(network.history)}"
        if network.stop_reason == "stopped by user" and self._timed_out:
            reason = "time limit reached"
        interrupted = network.best_epoch == 0 and network.stop_reason != "diverged"
        if interrupted or network.stop_reason == "device failed":
            return  # it is released and tried again
        if network.stop_reason in ("diverged", "stopped by user", "pruned"):
            self._study.prune(trial, reason)
        else:
            best = network.history[network.best_epoch - 1]
            self._study.complete(trial, _as_known(config, monitored(config, best)), reason)

    def _keep_best(self, configs: dict[Trial, TrainConfig], result: TrainingResult) -> Path | None:
        """Write the study's best network if it is one of these; return the path of the best.

        This comes before the results are reported, so that the best trial always has a file.
        """
        numbers = [trial.number for trial in configs]
        best = self._progress().best_with(numbers)
        if best is None or best.number not in numbers:
            return self._kept
        path = best_model_path(self._study.storage.folder, best.number)
        index = numbers.index(best.number)
        config = list(configs.values())[index]
        model = replace(
            untrained_model(config, self._dataset, self._study.spec.data),
            parameters=result.parameters[index : index + 1],
            scaling=result.scaling,
            inverted=result.inverted,
            target_scaling=result.target_scaling,
            best_epoch=result.networks[index].best_epoch,
        )
        model_file.save(model, path)
        return path

    def _replace(self, best: Path | None) -> None:
        """Remove the former best network once the study knows the new one."""
        if self._kept is not None and self._kept != best:
            self._kept.unlink(missing_ok=True)
        self._kept = best


def best_model_path(folder: Path, number: int) -> Path:
    """Path of a study's best network, with the weights of the trial's best epoch."""
    return folder / f"trial-{number}.safetensors"


def _as_known(config: TrainConfig, lower_is_better: float) -> float:
    """A monitored metric with its usual sign: a larger accuracy or R2 is better."""
    return -lower_is_better if config.monitor in MAXIMIZED else lower_is_better
