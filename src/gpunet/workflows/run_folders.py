"""Keeps a training in its own folder while it runs, and resumes it.

``artifacts.run_folder`` knows the files of a folder.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gpunet.artifacts.environment import write_environment, write_settings_of
from gpunet.artifacts.kept_runs import RUNS, claim, find_run, is_run_name
from gpunet.artifacts.metrics_log import MetricsLog
from gpunet.artifacts.model_file import save
from gpunet.artifacts.report import write_report
from gpunet.artifacts.run_folder import RunFolder, require_place
from gpunet.artifacts.svg import curves_svg
from gpunet.config import TrainConfig
from gpunet.config.texts import written
from gpunet.datasets.catalog import AUTO
from gpunet.datasets.dataset import Dataset
from gpunet.errors import DataError, OutputError, UsageError, spelled
from gpunet.files.log_file import append_lines
from gpunet.files.output import is_there, write_atomically
from gpunet.model import Model
from gpunet.training.events import Callback, EpochEnd, Progress, RunInfo, StopReason
from gpunet.training.requirements import require_unfinished
from gpunet.training.state import RunState
from gpunet.workflows.data import found_again
from gpunet.workflows.messages import Messages

if TYPE_CHECKING:
    from gpunet.workflows.training import Run

__all__ = ["Recorder", "new_run", "readable_name", "resumed_run"]

CHANGEABLE = ("epochs", "max_time")
"""Settings that may differ when a run is resumed."""

CHECKPOINT_SHARE = 20
"""The next checkpoint comes at the earliest after so many times the time of writing one."""


class Recorder(Callback):
    """Keeps a run in a folder while it is trained, with a checkpoint every few epochs.

    A file that cannot be written does not stop the training: the user is warned once.

    Args:
        place: the folder of the run; ``None`` for a new one in ``runs``, named by a number, the
            data and the layers.
        every: epochs between two checkpoints; ``None`` for one per epoch, or fewer if writing them
            would take more than a twentieth of the time.
        model: the model of the earlier run, if this one resumes it.
        state: the state of the earlier run.
    """

    def __init__(
        self,
        place: RunFolder | None,
        every: int | None,
        model: Model | None = None,
        state: RunState | None = None,
    ) -> None:
        self._place, self.every, self.state = place, every, state
        self.complete = True
        """Whether all files could be written."""
        self.model: Path | None = None
        """The file of the best model, once it is written."""
        self._model = model
        self._pending: RunState | None = None  # the latest state, if it is not written yet
        self._due = 0.0  # when the next checkpoint is worth its time
        self._stepped = state is not None

    @property
    def folder(self) -> RunFolder:
        """The folder of the run; a folder named by the data exists only after ``keeping``."""
        assert self._place is not None, "the run has no folder yet"
        return self._place

    @property
    def reference(self) -> str:
        """The name or path that opens the earlier run's data.

        Raises:
            DataError: the data are not where they were.
        """
        if self._model is None:
            return AUTO
        return found_again(self._model.origin.name, self._model.origin.reference)

    @contextlib.contextmanager
    def keeping(
        self, dataset: Dataset, template: Model, device: str, messages: Messages
    ) -> Iterator[Sequence[Callback]]:
        """Hold the folder while the context is open; gives the callbacks that write to it.

        A run that fails before its first step leaves no folder behind.

        The template is the model with any weights; the device is the user's choice.

        Raises:
            DataError: the data are not those of the earlier run.
            OutputError: the folder cannot be created.
            UsageError: another process trains the run.
        """
        self._require_same(dataset)
        self._template, self._device, self._messages = template, device, messages
        is_new = self._place is None or not is_there(self._place.path)
        if self._place is None:
            self._place = RunFolder(claim(readable_name(dataset.name, template.config)))
        self.folder.hold(anew=self.state is None)
        messages.say(f"run:    {self.folder.path}")
        self._metrics = MetricsLog(self.folder.metrics, self._miss)
        try:
            yield messages.log(self.folder.log), self._metrics, self
        except BaseException as error:
            if self._stepped or not is_new:
                append_lines(self.folder.log, f"failed: {error or type(error).__name__}")
            else:
                self.folder.discard()
            raise
        finally:
            self.folder.release()

    def _require_same(self, dataset: Dataset) -> None:
        if self._model is not None and dataset.fingerprint != self._model.origin.fingerprint:
            raise DataError(
                f"{dataset.name} does not hold the data that the run in {self.folder.path} was "
                f"begun with, {self._model.origin.name}; give {spelled('data')} with a path to "
                "those"
            )

    def on_train_begin(self, run: RunInfo) -> None:
        """Write the settings and the environment, to train again."""
        self._attempt(
            lambda: write_settings_of(run.config, self._template, self._device, self.folder)
        )
        self._attempt(lambda: write_environment(run.device, self.folder.environment))

    def on_progress(self, progress: Progress) -> None:
        """Note that the training has begun."""
        self._stepped = self._stepped or progress.step > 0

    def on_epoch_end(self, record: EpochEnd) -> None:
        """Note that the training has begun, if its first epoch was too short for a report."""
        self._stepped = True

    def on_checkpoint(self, state: RunState) -> None:
        """Write a checkpoint every few epochs, and between two windows of a long one."""
        self._pending = state
        epochs = max(map(len, state.histories))
        if state.begun is not None or (
            time.monotonic() >= self._due if self.every is None else epochs % self.every == 0
        ):
            self._write_checkpoint()

    def on_train_end(self, reason: StopReason, best_epoch: int) -> None:
        """Write the latest checkpoint."""
        self._write_checkpoint()

    def _write_checkpoint(self) -> None:
        began = time.monotonic()
        if (state := self._pending) is not None:
            self._attempt(lambda: self.folder.write_checkpoint(self._template, state))
        self._pending = None
        self._due = time.monotonic() + CHECKPOINT_SHARE * (time.monotonic() - began)

    def finish(self, run: Run) -> None:
        """Write the tested best model, the report and the curves."""
        if run.best_epoch and self._attempt(lambda: save(run.model, self.folder.best)):
            self.model = self.folder.best
        self._attempt(lambda: write_report(run.report(), self.folder.report))
        if run.history:
            picture = curves_svg(run.curves).encode()
            self._attempt(lambda: write_atomically(self.folder.curves, picture))

    def _attempt(self, write: Callable[[], None]) -> bool:
        try:
            write()
        except OutputError as error:
            self._miss(error)
            return False
        return True

    def _miss(self, error: OutputError) -> None:
        if self.complete:
            self._messages.note(error)
        self.complete = False


def new_run(folder: Path | None, name: str | None, every: int | None) -> Recorder:
    """The recorder of a new run: in a folder, or in ``runs`` under a given or a new name.

    Raises:
        UsageError: there is a run already, or the name is invalid.
        OutputError: the folder cannot be written to.
    """
    if folder is not None and name is not None:
        raise UsageError(
            f"{spelled('run_dir', str(folder))} and {spelled('name', name)} both say where the run "
            "is kept; give one of them"
        )
    if name is not None and not is_run_name(name):
        raise UsageError(
            f"{spelled('name')} {name!r} can name no run; give a word such as wide-2, or a path by "
            f"{spelled('run_dir')}"
        )
    if name is None and folder is None:
        require_place(RUNS)
        return Recorder(None, every)
    found = RunFolder(folder or RUNS / str(name))
    found.require_free()
    return Recorder(found, every)


def readable_name(data: str, config: TrainConfig) -> str:
    """The name of a run after its number, such as ``mnist-16-16``."""
    word = re.sub("[^A-Za-z0-9_]+", "-", data).strip("-")[:24] or "data"
    layers = "-".join(map(str, config.hidden[:6])) or "linear"
    return f"{word}-{layers}" + ("-and-more" if len(config.hidden) > 6 else "")


def resumed_run(
    run: str | Path | int | None, every: int | None, config: TrainConfig, given: Collection[str]
) -> tuple[Recorder, TrainConfig]:
    """The recorder of a resumed run, and the run's settings with the user's changes.

    ``given`` has the names of the settings in ``config`` that the user gave.

    Raises:
        ModelError: there is no run in the folder, or it is damaged.
        UsageError: a given setting cannot be changed, or the run has ended.
    """
    found = find_run(run)
    model, state = found.load()
    for name in given:
        _require_unchanged(found, name, config.in_effect(name), model.config.in_effect(name))
    changed = {name: getattr(config, name) for name in given if name in CHANGEABLE}
    settings = replace(model.config, **changed)
    require_unfinished(settings, state.histories)
    return Recorder(found, every, model, state), settings


def _require_unchanged(folder: RunFolder, name: str, wanted: Any, begun: Any) -> None:
    if wanted == begun or name == "max_time" or (name == "epochs" and wanted > begun):
        return
    advice = "give a larger number" if name == "epochs" else "leave it out, or train again"
    raise UsageError(
        f"{spelled(name)} is {_spelled(wanted)} but the run in {folder.path} was begun with "
        f"{_spelled(begun)}; {advice}"
    )


def _spelled(value: Any) -> str:
    """A setting as the command line writes it."""
    return f"{value:g}" if isinstance(value, float) else written(value)
