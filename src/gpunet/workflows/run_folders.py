"""How a training is kept in a folder of its own while it trains, and resumed.

What a folder holds belongs to ``artifacts.run_folder``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gpunet.artifacts.metrics_log import MetricsLog
from gpunet.artifacts.model_file import save
from gpunet.artifacts.report import write_report
from gpunet.artifacts.run_folder import RunFolder
from gpunet.config import TrainConfig
from gpunet.config.texts import written
from gpunet.datasets.catalog import AUTO
from gpunet.datasets.dataset import Dataset
from gpunet.errors import DataError, MissingExtraError, OutputError, UsageError, spelled
from gpunet.model import Model
from gpunet.training.events import Callback, StopReason
from gpunet.training.member import require_unfinished
from gpunet.training.state import RunState
from gpunet.workflows.data import found_again
from gpunet.workflows.messages import Messages

if TYPE_CHECKING:
    from gpunet.workflows.training import Run

__all__ = ["Recorder", "new_run", "resumed_run"]

CHANGEABLE = ("epochs", "max_time")
"""Settings that may differ when a run is resumed."""


class Recorder(Callback):
    """Keeps a run in a folder while it is trained, with a checkpoint every few epochs.

    A file that cannot be written does not stop the training: the user is warned once.

    Args:
        folder: of the run.
        every: epochs between two checkpoints.
        model: what an earlier run trained, if this one goes on with it.
        state: where that one stands.
    """

    def __init__(
        self,
        folder: RunFolder,
        every: int,
        model: Model | None = None,
        state: RunState | None = None,
    ) -> None:
        self.folder, self.every, self.state = folder, every, state
        self.complete = True
        """Whether all files could be written."""
        self._model = model
        self._pending: RunState | None = None  # the latest state, unless it is written

    @property
    def reference(self) -> str:
        """What opens the earlier run's data.

        Raises:
            DataError: they are not where the run was trained.
        """
        if self._model is None:
            return AUTO
        return found_again(self._model.origin.name, self._model.origin.reference)

    def begin(self, dataset: Dataset, template: Model, messages: Messages) -> None:
        """Make the folder.

        Args:
            dataset: the data.
            template: what is trained, with any weights.
            messages: receive where the folder is, and once if something cannot be written.

        Raises:
            DataError: the data are not those that the earlier run was trained on.
            OutputError: the folder cannot be made.
        """
        if self._model is not None and dataset.fingerprint != self._model.origin.fingerprint:
            raise DataError(
                f"{dataset.name} does not hold the data that the run in {self.folder.path} was "
                f"begun with, {self._model.origin.name}; give {spelled('data')} with a path to "
                "those"
            )
        messages.say(f"run:    {self.folder.path}")
        self._template, self._messages = template, messages
        self.folder.create()
        self.metrics = MetricsLog(self.folder.metrics, self._miss)

    def on_checkpoint(self, state: RunState) -> None:
        """Write a checkpoint every few epochs, and between two windows of a long one."""
        self._pending = state
        if state.begun is not None or max(map(len, state.histories)) % self.every == 0:
            self._write_checkpoint()

    def on_train_end(self, reason: StopReason, best_epoch: int) -> None:
        """Write the latest checkpoint."""
        self._write_checkpoint()

    def _write_checkpoint(self) -> None:
        if (state := self._pending) is not None:
            self._attempt(lambda: self.folder.write_checkpoint(self._template, state))
        self._pending = None

    def finish(self, run: Run) -> None:
        """Write the best model, now that it is tested, the report, and the curves.

        Without Matplotlib there are no curves.
        """
        if run.best_epoch:
            self._attempt(lambda: save(run.model, self.folder.best))
        self._attempt(lambda: write_report(run.report(), self.folder.report))
        if run.history:
            with contextlib.suppress(MissingExtraError):
                self._attempt(lambda: run.plot(self.folder.curves))

    def _attempt(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OutputError as error:
            self._miss(error)

    def _miss(self, error: OutputError) -> None:
        if self.complete:
            self._messages.note(error)
        self.complete = False


def new_run(folder: Path, every: int) -> Recorder:
    """What keeps a new run in a folder, with so many epochs between two checkpoints.

    Raises:
        UsageError: there is a run already.
        OutputError: the folder cannot be written to.
    """
    found = RunFolder(folder)
    found.require_free()
    return Recorder(found, every)


def resumed_run(
    folder: Path, every: int | None, config: TrainConfig, given: Collection[str]
) -> tuple[Recorder, TrainConfig]:
    """What keeps an earlier run that is resumed, and its settings with what is changed.

    Args:
        folder: of the run.
        every: epochs between two checkpoints.
        config: what is asked for.
        given: the names of those settings that are asked for.

    Raises:
        ModelError: there is no run in the folder, or it is damaged.
        UsageError: a setting is given that must stay as it was, or the run has ended.
    """
    found = RunFolder(folder)
    model, state = found.load()
    for name in given:
        _require_unchanged(found, name, config.in_effect(name), model.config.in_effect(name))
    changed = {name: getattr(config, name) for name in given if name in CHANGEABLE}
    settings = replace(model.config, **changed)
    require_unfinished(settings, state.histories)
    return Recorder(found, every or 1, model, state), settings


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
