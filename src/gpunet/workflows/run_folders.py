"""How a training is kept in a folder of its own while it trains, and gone on with.

What a folder holds belongs to ``artifacts.run_folder``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gpunet.artifacts.model_file import save
from gpunet.artifacts.report import write_report
from gpunet.artifacts.run_folder import RunFolder
from gpunet.config import TrainConfig
from gpunet.config.texts import written
from gpunet.datasets.catalog import AUTO
from gpunet.datasets.dataset import Dataset
from gpunet.errors import DataError, MissingExtraError, OutputError, UsageError, spelled
from gpunet.model import Model
from gpunet.training.member import require_unfinished
from gpunet.training.state import RunState
from gpunet.workflows.data import found_again
from gpunet.workflows.messages import Messages

__all__ = ["Recorder", "RunLocation", "new_run", "resumed_run"]

CHANGEABLE = ("epochs", "max_time")
"""Settings that may differ when a run is resumed."""


@dataclass(frozen=True, slots=True, eq=False)
class RunLocation:
    """Where a run is kept.

    Args:
        folder: of the run.
        every: epochs between two checkpoints.
        model: what an earlier run trained, if this one goes on with it.
        state: where that one stands.
    """

    folder: RunFolder
    every: int
    model: Model | None = None
    state: RunState | None = None

    @property
    def reference(self) -> str:
        """What opens the earlier run's data.

        Raises:
            DataError: they are not where the run was trained.
        """
        if self.model is None:
            return AUTO
        return found_again(self.model.origin.name, self.model.origin.reference)

    def require_same(self, dataset: Dataset) -> None:
        """Make sure that the data are those that the earlier run was trained on.

        Raises:
            DataError: they are others.
        """
        if self.model is not None and dataset.fingerprint != self.model.origin.fingerprint:
            raise DataError(
                f"{dataset.name} does not hold the data that the run in {self.folder.path} was "
                f"begun with, {self.model.origin.name}; give {spelled('data')} with a path to those"
            )


def new_run(folder: Path, every: int) -> RunLocation:
    """Where a new run is kept.

    Args:
        folder: of the run.
        every: epochs between two checkpoints.

    Raises:
        UsageError: there is a run already.
        OutputError: the folder cannot be written to.
    """
    found = RunFolder(folder)
    found.require_free()
    return RunLocation(found, every)


def resumed_run(
    folder: Path, every: int | None, config: TrainConfig, given: Collection[str]
) -> tuple[RunLocation, TrainConfig]:
    """An earlier run and its settings, with what the command line changes in them.

    Args:
        folder: of the run.
        every: epochs between two checkpoints.
        config: what the command line asks for.
        given: the names of those settings that the command line names.

    Raises:
        ModelError: there is no run in the folder, or it is damaged.
        UsageError: a setting is given that must stay as it was, or the run has come to its end.
    """
    found = RunFolder(folder)
    model, state = found.load()
    for name in given:
        _require_unchanged(found, name, config.in_effect(name), model.config.in_effect(name))
    changed = {name: getattr(config, name) for name in given if name in CHANGEABLE}
    settings = replace(model.config, **changed)
    require_unfinished(settings, state.histories)
    return RunLocation(found, every or 1, model, state), settings


def _require_unchanged(folder: RunFolder, name: str, wanted: Any, begun: Any) -> None:
    if wanted == begun or name == "max_time" or (name == "epochs" and wanted > begun):
        return
    advice = "give a larger number" if name == "epochs" else "leave it out, or train anew"
    raise UsageError(
        f"{spelled(name)} is {_spelled(wanted)} but the run in {folder.path} was begun with "
        f"{_spelled(begun)}; {advice}"
    )


def _spelled(value: Any) -> str:
    """A setting as the command line writes it."""
    return f"{value:g}" if isinstance(value, float) else written(value)


class Recorder:
    """Writes a run's folder while it is trained.

    A checkpoint that cannot be written does not stop the training: the user is told once.

    Args:
        location: where.
        template: what is trained, with any weights.
        messages: told once if something cannot be written.
    """

    def __init__(self, location: RunLocation, template: Model, messages: Messages) -> None:
        self.complete = True
        self._messages = messages
        self._folder = location.folder
        self._template = template
        self._folder.create()

    def write_checkpoint(self, state: RunState) -> None:
        """Write a checkpoint."""
        self._attempt(lambda: self._folder.write_checkpoint(self._template, state))

    def finish(
        self, model: Model | None, report: dict[str, Any], plot: Callable[[Path], None]
    ) -> None:
        """Write the best model, now that it is tested, the report, and the curves.

        Args:
            model: the best one, if any epoch was finished.
            report: its content.
            plot: draws the curves into a file; without Matplotlib there are none.
        """
        if model is not None:
            self._attempt(lambda: save(model, self._folder.best))
        self._attempt(lambda: write_report(report, self._folder.report))
        if report["history"]:
            with contextlib.suppress(MissingExtraError):
                self._attempt(lambda: plot(self._folder.curves))

    def _attempt(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OutputError as error:
            if self.complete:
                self._messages.note(error)
            self.complete = False
