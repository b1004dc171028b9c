"""How ``gpunet train`` keeps a run in a folder of its own while it trains, and goes on with one.

Owns the options' meaning and the log; what a folder holds belongs to ``training.run_folder``.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from gpunet.artifacts.model_file import save
from gpunet.artifacts.report import write_report
from gpunet.artifacts.run_folder import RunFolder
from gpunet.cli.messages import note
from gpunet.cli.setting_options import option
from gpunet.cli.sources import found_again
from gpunet.config import TrainConfig
from gpunet.config.texts import written
from gpunet.datasets.catalog import AUTO
from gpunet.datasets.dataset import Dataset
from gpunet.errors import DataError, MissingExtraError, OutputError, UsageError
from gpunet.model import Model
from gpunet.terminal.live.console import make_console
from gpunet.terminal.live.plain import PlainPrinter
from gpunet.training.state import RunState
from gpunet.training.stopping import require_unfinished

__all__ = ["Keeping", "Recorder", "new_run", "resumed_run"]

RUNS = Path("runs")
"""Where runs are kept that are given a name or none."""

CHANGEABLE = ("epochs", "max_time")
"""Settings that may differ when a run is resumed."""


@dataclass(frozen=True, slots=True, eq=False)
class Keeping:
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
        """What ``--data`` takes to open the earlier run's data.

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
        if self.model is not None and dataset.fingerprint() != self.model.origin.fingerprint:
            raise DataError(
                f"{dataset.name} does not hold the data that the run in {self.folder.path} was "
                f"begun with, {self.model.origin.name}; give --data with a path to those"
            )


def new_run(
    folder: Path | None, name: str | None, every: int | None, config: TrainConfig, now: datetime
) -> Keeping | None:
    """Where ``--run-dir``, ``--name`` and ``--checkpoint-every`` want a run to be kept, if at all.

    Raises:
        UsageError: they contradict one another, or there is a run already.
        OutputError: the folder cannot be written to.
    """
    if folder is None and name is None and every is None:
        return None
    if folder is not None and name is not None:
        raise UsageError(
            f"--run-dir {folder} and --name {name} both say where the run is kept; give one of them"
        )
    if name is not None and (Path(name).name != name or name in {"", ".", ".."} or "\0" in name):
        raise UsageError(
            f"--name {name!r} is no plain name; give --run-dir for a path, or a name without "
            "slashes"
        )
    if folder is None:
        folder = RUNS / (name or _unused_name(config, now))
    found = RunFolder(folder)
    found.require_free()
    return Keeping(found, every or 1)


def _unused_name(config: TrainConfig, now: datetime) -> str:
    """The date, the time and the hidden layers: ``2030-05-17_14-03-59_16-16``."""
    hidden = "-".join(map(str, config.hidden[:8])) or "no-hidden"
    stem = name = f"{now:%Y-%m-%d_%H-%M-%S}_{hidden}"
    number = 1
    while (RUNS / name).exists():
        number += 1
        name = f"{stem}_{number}"
    return name


def resumed_run(
    folder: Path, every: int | None, config: TrainConfig, given: Collection[str]
) -> tuple[Keeping, TrainConfig]:
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
    return Keeping(found, every or 1, model, state), settings


def _require_unchanged(folder: RunFolder, name: str, wanted: Any, begun: Any) -> None:
    if wanted == begun or name == "max_time" or (name == "epochs" and wanted > begun):
        return
    advice = "give a larger number" if name == "epochs" else "leave it out, or train anew"
    raise UsageError(
        f"{option(name)} is {_spelled(wanted)} but the run in {folder.path} was begun with "
        f"{_spelled(begun)}; {advice}"
    )


def _spelled(value: Any) -> str:
    """A setting as the command line writes it."""
    return f"{value:g}" if isinstance(value, float) else written(value)


class Recorder:
    """Writes a run's folder while it is trained.

    A checkpoint that cannot be written does not stop the training: the user is told once.

    Args:
        keeping: where.
        template: what is trained, with any weights.
    """

    def __init__(self, keeping: Keeping, template: Model) -> None:
        self.complete = True
        self._folder = keeping.folder
        self._template = template
        self._folder.create()
        self.log = PlainPrinter(make_console(plain=True, stream=_LogStream(self._folder.log)))

    def keep(self, state: RunState) -> None:
        """Write a checkpoint."""
        self._attempt(lambda: self._folder.keep(self._template, state))

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
                note(error)
            self.complete = False


class _LogStream(io.StringIO):
    """Text that is appended to a file whenever it is flushed; what cannot be written is lost."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def flush(self) -> None:
        with contextlib.suppress(OSError), self._path.open("ab") as file:
            file.write(self.getvalue().encode("utf-8", errors="backslashreplace"))
        self.seek(0)
        self.truncate()
