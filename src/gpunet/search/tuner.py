"""The search: batches of trials trained as populations until the study has all that it wants.

Owns the way from a claimed trial to its told result, and the best model's file. Which trials there
are belongs to ``study``; it knows screens only as observers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from gpunet.artifacts import model_file
from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset
from gpunet.engine.factory import Device, create_engine
from gpunet.engine.wgpu.tile_cache import TileCache
from gpunet.errors import DeviceError, UsageError
from gpunet.files.whole_file import remove_leftovers
from gpunet.model import Model
from gpunet.search.events import SearchInfo, SearchObserver
from gpunet.search.study import Candidate, SearchStudy
from gpunet.search.study_progress import StudyProgress
from gpunet.training.events import Callback, Control, Progress
from gpunet.training.member import Member
from gpunet.training.result import TrainingResult
from gpunet.training.stopping import monitored
from gpunet.training.trainer import train_population
from gpunet.workflows.training import untrained_model

__all__ = ["Tuner", "best_model_path"]

WAIT = 0.5
"""Seconds between two looks at what other workers have come to."""


class Tuner:
    """Trains a study's trials.

    Args:
        study: says which.
        choice: of the device.
        dataset: the data.
        reference: what opens them.
        trials: wanted in all.
        population: networks trained side by side, at most.
        control: how a user asks to stop or to pause.
        observer: is told how it goes.
    """

    def __init__(
        self,
        study: SearchStudy,
        choice: Device,
        dataset: Dataset,
        *,
        trials: int,
        population: int,
        control: Control,
        observer: SearchObserver,
    ) -> None:
        self._study, self._choice, self._dataset = study, choice, dataset
        self._trials, self._population = trials, population
        self._control, self._observer = control, observer
        self._kept: Path | None = None
        self.timed_out = threading.Event()
        """Set by whoever stops the search because its time is over."""

    def run(self) -> StudyProgress:
        """Train until the study has all its trials or the user wants no more.

        Raises:
            StudyError: the study's storage fails.
            DeviceError: the device is lost, or too small for the networks.
            OutputError: the best model cannot be written.
        """
        remove_leftovers(self._study.storage.folder)
        progress = self._study.progress(self._trials)
        info = SearchInfo.of(self._study, self._choice, self._dataset, progress)
        if info.progress.best is not None:
            self._kept = best_model_path(self._study.storage.folder, info.progress.best.number)
        self._observer.on_search_begin(info)
        with self._study.alive():
            while not self._stopping:
                batch = self._study.claim(self._population, self._trials)
                if batch:
                    self._train_all(batch)
                elif not self._wait_for_others():
                    break
        return self._study.progress(self._trials)

    @property
    def _stopping(self) -> bool:
        return self._control.stop_now.is_set() or self._control.stop_after_epoch.is_set()

    def _wait_for_others(self) -> bool:
        """Wait a moment if others are at work, for they may fail; whether they are."""
        others = self._study.others_at_work()
        if others:
            self._observer.on_wait(self._study.progress(self._trials), others)
            self._control.stop_now.wait(WAIT)
        return bool(others)

    def _train_all(self, batch: Sequence[Candidate]) -> None:
        """Train a batch, and let go of what is not trained, however that comes."""
        group = self._study.spec.space.group
        try:
            ordered = sorted(batch, key=lambda one: (repr(group(one.values)), one.number))
            for _, alike in groupby(ordered, key=lambda one: repr(group(one.values))):
                if not self._stopping:
                    self._train(list(alike))
        except BaseException:
            with suppress(Exception):  # the first failure is the one to tell
                self._study.release(batch)
            raise
        self._study.release(batch)

    def _train(self, alike: Sequence[Candidate]) -> None:
        """Train trials of one shape as a population."""
        configs: dict[Candidate, TrainConfig] = {}
        for candidate in alike:
            try:
                configs[candidate] = self._config(candidate)
            except UsageError as error:
                self._study.prune(candidate, str(error))
        progress = self._study.progress(self._trials)
        if not configs:
            self._observer.on_update(progress)
            return
        population = _Population(self._study, list(configs), self._stood)
        first, *_ = configs.values()
        network = first.network(self._dataset.inputs, len(self._dataset.classes))
        self._observer.on_batch_begin(progress, str(network), [one.number for one in configs])
        adapter = self._choice.adapter
        tiles = None if adapter is None else TileCache.of(adapter)
        with create_engine(self._choice, network, list(configs.values()), tiles) as engine:
            result = train_population(
                engine,
                self._dataset,
                list(configs.values()),
                prune=population.prune,
                callbacks=(_Listener(self._observer),),
                control=self._control,
            )
        best = self._keep_best(configs, result)
        for index, candidate in enumerate(configs):
            self._tell(candidate, configs[candidate], result, index)
        self._replace(best)
        self._stood()
        if result.stop_reason == "device failed":
            raise DeviceError(result.device_failures[-1])

    def _config(self, candidate: Candidate) -> TrainConfig:
        spec = self._study.spec
        config = spec.space.config(spec.config, candidate.values)
        config.network(self._dataset.inputs, len(self._dataset.classes))
        return config

    def _stood(self) -> None:
        self._observer.on_update(self._study.progress(self._trials))

    def _tell(
        self, candidate: Candidate, config: TrainConfig, result: TrainingResult, index: int
    ) -> None:
        """Tell the study what has become of a trial."""
        network = result.networks[index]
        reason: str = network.stop_reason
        if network.stop_reason == "diverged":
            reason = f"diverged in epoch {len(network.history)}"
        if network.stop_reason == "stopped by user" and self.timed_out.is_set():
            reason = "time limit reached"
        interrupted = network.best_epoch == 0 and network.stop_reason != "diverged"
        if interrupted or network.stop_reason == "device failed":
            return  # it is released, and tried again
        if network.stop_reason in ("diverged", "stopped by user", "pruned"):
            self._study.prune(candidate, reason)
        else:
            best = network.history[network.best_epoch - 1]
            self._study.complete(candidate, _figure(config, monitored(config, best)), reason)

    def _keep_best(
        self, configs: dict[Candidate, TrainConfig], result: TrainingResult
    ) -> Path | None:
        """Write the study's best network, if it is one of these; where the best one is.

        That comes before the trials are told, so that a best trial has its file.
        """
        numbers = [candidate.number for candidate in configs]
        best = self._study.progress(self._trials).best_with(numbers)
        if best is None or best.number not in numbers:
            return self._kept
        path = best_model_path(self._study.storage.folder, best.number)
        index = numbers.index(best.number)
        model_file.save(self._model(list(configs.values())[index], result, index), path)
        return path

    def _replace(self, best: Path | None) -> None:
        """Remove the former best network, now that the study knows of the new one."""
        if self._kept is not None and self._kept != best:
            self._kept.unlink(missing_ok=True)
        self._kept = best

    def _model(self, config: TrainConfig, result: TrainingResult, index: int) -> Model:
        dataset = self._dataset
        return replace(
            untrained_model(config, dataset, self._study.spec.data),
            parameters=result.parameters[index : index + 1],
            scaling=result.scaling,
            inverted=result.inverted,
            best_epoch=result.networks[index].best_epoch,
        )


def best_model_path(folder: Path, number: int) -> Path:
    """Where a study keeps its best network, which is that of a trial's best epoch."""
    return folder / f"trial-{number}.safetensors"


def _figure(config: TrainConfig, lower_is_better: float) -> float:
    """A monitored figure as people know it: an accuracy is not negative."""
    return -lower_is_better if config.monitor == "val_accuracy" else lower_is_better


class _Population:
    """Tells the study of every epoch, and asks it which networks are to end."""

    def __init__(
        self, study: SearchStudy, candidates: Sequence[Candidate], stood: Callable[[], None]
    ) -> None:
        self._study, self._candidates, self._stood = study, candidates, stood
        self._told = [0] * len(candidates)

    def prune(self, members: Sequence[Member]) -> Collection[int]:
        """After an epoch: note its figures, then say who ends."""
        for index, (candidate, member) in enumerate(zip(self._candidates, members, strict=True)):
            for record in member.history[self._told[index] :]:
                figure = _figure(member.config, monitored(member.config, record))
                self._study.report(candidate, record.epoch, figure)
            self._told[index] = len(member.history)
        hopeless = []
        for index, (candidate, member) in enumerate(zip(self._candidates, members, strict=True)):
            if member.stop_reason is None and self._study.should_prune(candidate):
                self._study.prune(candidate, "pruned")
                hopeless.append(index)
        self._stood()
        return hopeless


class _Listener(Callback):
    """Passes on what a population's training tells between two epochs."""

    def __init__(self, observer: SearchObserver) -> None:
        self._observer = observer

    def on_progress(self, progress: Progress) -> None:
        """Some steps are done."""
        self._observer.on_progress(progress)
