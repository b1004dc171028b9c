"""A folder with all that a training run leaves, and its summary.

It holds ``last.safetensors`` (where the run stands, to go on from), ``best.safetensors`` (the
model), ``log`` (one line per epoch), ``metrics.jsonl`` (what was told while it trained) and, once
the run has ended, ``report.json`` and perhaps ``curves.png``.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from gpunet.artifacts.checkpoint import load_state, save_state
from gpunet.artifacts.model_file import save
from gpunet.errors import ModelError, OutputError, UsageError, reason_of, spelled
from gpunet.files.output import require_writable
from gpunet.files.typed_json import UnsoundError, from_json
from gpunet.files.whole_file import remove_leftovers
from gpunet.model import Model
from gpunet.training.state import RunState

__all__ = ["RunFolder", "RunSummary", "find_runs"]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run at a glance; all accuracies are fractions."""

    name: str  # of the folder
    network: str  # its sizes, like ``784-16-16-10``
    optimizer: str  # the update rule
    epochs: int  # whole ones that are done
    planned: int  # epochs at most
    best_epoch: int  # whose weights are kept; 0 within the first
    val_loss: float | None  # of the best epoch; ``None`` if no samples are held out
    val_accuracy: float | None  # of the best epoch; ``None`` if no samples are held out
    test_accuracy: float | None  # of the best weights; ``None`` until the run has ended
    seconds: float  # spent in training
    stop_reason: str | None  # why the run ended, or ``None`` if it has not or was aborted
    measured: bool  # whether targets are measured, which have R2 in the place of accuracies
    val_r2: float | None  # of the best epoch; ``None`` as ``val_accuracy`` is
    test_r2: float | None  # of the best weights; ``None`` as ``test_accuracy`` is

    def to_dict(self) -> dict[str, Any]:
        """The run by its names, with accuracies or R2."""
        others = {"measured"} | (
            {"val_accuracy", "test_accuracy"} if self.measured else {"val_r2", "test_r2"}
        )
        return {
            name: value for name, value in dataclasses.asdict(self).items() if name not in others
        }


class _Test(msgspec.Struct):
    accuracy: Annotated[float, Meta(ge=0, le=1)] | None = None
    r2: Annotated[float, Meta(le=1)] | None = None


class _Ending(msgspec.Struct):
    """What a report says of the end of a run."""

    stop_reason: str
    test: _Test
    history: list[Any]


class RunFolder:
    """The folder of one run.

    Args:
        path: it need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last = path / "last.safetensors"
        self.best = path / "best.safetensors"
        self.report = path / "report.json"
        self.curves = path / "curves.png"
        self.log = path / "log"
        self.metrics = path / "metrics.jsonl"
        self._best_epochs: tuple[int, ...] = ()

    def require_free(self) -> None:
        """Make sure that a new run can be kept here.

        Raises:
            UsageError: another run is here.
            OutputError: the folder can neither be made nor written to.
        """
        if any(file.exists() for file in (self.last, self.best, self.report)):
            raise UsageError(
                f"{self.path} holds a run already; resume it by "
                f"{spelled('resume', str(self.path))}, or choose another folder"
            )
        nearest = next(path for path in (self.path, *self.path.absolute().parents) if path.exists())
        if not nearest.is_dir():
            raise OutputError(f"{nearest} is no folder, so no run can be kept in {self.path}")
        require_writable(nearest / self.log.name)

    def create(self) -> None:
        """Make the folder, and those that it lies in.

        Raises:
            OutputError: it cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            remove_leftovers(self.path)
        except OSError as error:
            raise OutputError(
                f"the folder {self.path} cannot be made: {reason_of(error)}; choose another"
            ) from error

    def load(self) -> tuple[Model, RunState]:
        """Where the run stands, and the model with its latest weights.

        Raises:
            ModelError: there is no run here, or its files are damaged.
        """
        if not self.last.exists():
            raise ModelError(
                f"{self.path} holds no run to resume, for there is no {self.last.name} in it; "
                "`gpunet runs` lists those that there are"
            )
        remove_leftovers(self.path)
        model, state = load_state(self.last)
        self._best_epochs = state.best_epochs if self.best.exists() else ()
        return model, state

    def write_checkpoint(self, model: Model, state: RunState) -> None:
        """Write where the run stands, and the best weights if they are new.

        Args:
            model: what the run trains, with any weights and no test scores.
            state: where it stands.

        Raises:
            OutputError: a file cannot be written; the older one is then untouched.
        """
        save_state(model, state, self.last)
        if state.best_epoch and state.best_epochs != self._best_epochs:
            best = dataclasses.replace(
                model,
                parameters=state.best,
                best_epoch=state.best_epoch,
                scaling=state.scaling,
                inverted=state.inverted,
                target_scaling=state.target_scaling,
            )
            save(best, self.best)
            self._best_epochs = state.best_epochs

    def summary(self) -> RunSummary:
        """The run at a glance.

        Raises:
            ModelError: there is no run here, or its files are damaged.
        """
        model, state = self.load()
        best = state.history[state.best_epoch - 1] if state.best_epoch else None
        ending = self._ending(len(state.history))
        return RunSummary(
            name=self.path.resolve().name,
            network=str(model.network),
            optimizer=model.config.optimizer,
            epochs=len(state.history),
            planned=model.config.effective_epochs,
            best_epoch=state.best_epoch,
            val_loss=None if best is None else best.val_loss,
            val_accuracy=None if best is None else best.val_accuracy,
            test_accuracy=None if ending is None else ending.test.accuracy,
            seconds=state.seconds,
            stop_reason=None if ending is None else ending.stop_reason,
            measured=model.network.kind == "measured",
            val_r2=None if best is None else best.val_r2,
            test_r2=None if ending is None else ending.test.r2,
        )

    def _ending(self, epochs: int) -> _Ending | None:
        """What the report says, unless it is of before the run was resumed, or damaged."""
        if not self.report.is_file():  # a pipe of that name would never end
            return None
        try:
            ending = from_json(self.report.read_bytes(), _Ending)
        except (OSError, UnsoundError):
            return None
        return ending if len(ending.history) >= epochs else None


def find_runs(path: Path) -> list[RunFolder]:
    """The runs in a folder, or the one that it is, in the order of their names.

    Raises:
        ModelError: the folder cannot be read.
    """
    try:
        entries = sorted(entry for entry in path.iterdir() if entry.is_dir())
        folders = map(RunFolder, [path, *entries])
        return [folder for folder in folders if folder.last.exists()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read: {reason_of(error)}; give the path of a folder with runs"
        ) from error
