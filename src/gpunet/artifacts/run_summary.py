"""A run at a glance, as lists of runs show it: read from its log, or else from its checkpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from gpunet.artifacts.kept_runs import runs_in
from gpunet.artifacts.metrics_reader import MetricsReader, RunEnd
from gpunet.artifacts.run_folder import RunFolder
from gpunet.config import NetworkSpec, TrainConfig
from gpunet.errors import GpunetError, ModelError
from gpunet.files.typed_json import UnsoundError, from_json
from gpunet.training.events import EpochEnd, EpochRecord, RunInfo, StopReason

__all__ = ["RunSummary", "summaries_in", "summarize"]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run at a glance.

    Args:
        name: of the folder.
        folder: where it is.
        data: the dataset's name.
        network: its sizes, like ``784-16-16-10``.
        optimizer: the update rule.
        learning_rate: at the start.
        epochs: whole ones that are done.
        planned: epochs at most.
        best_epoch: whose weights are kept; 0 within the first.
        val_loss: of the kept weights; ``None`` if no samples are held out. Of an ensemble the mean
            over its networks, each in the epoch that it keeps; ``None`` until the run has ended.
        val_accuracy: likewise, a fraction.
        test_accuracy: of the best weights; ``None`` until the run has ended.
        seconds: spent in training.
        stop_reason: why the run ended, or ``None`` if it has not or was aborted.
        measured: whether targets are measured, which have R2 in the place of accuracies.
        val_r2: of the kept weights; ``None`` as ``val_accuracy`` is.
        test_r2: of the best weights; ``None`` as ``test_accuracy`` is.
        running: whether a living process trains it.
        trained: when it was trained last, in UTC.
        bytes: of all files in the folder.
        config: its settings.
        history: a record for each epoch.
    """

    name: str
    folder: Path
    data: str
    network: str
    optimizer: str
    learning_rate: float
    epochs: int
    planned: int
    best_epoch: int
    val_loss: float | None
    val_accuracy: float | None
    test_accuracy: float | None
    seconds: float
    stop_reason: StopReason | None
    measured: bool
    val_r2: float | None
    test_r2: float | None
    running: bool
    trained: datetime
    bytes: int
    config: TrainConfig
    history: tuple[EpochRecord, ...]

    def to_dict(self) -> dict[str, Any]:
        """The run by its names as JSON holds them, with accuracies or R2."""
        left_out = {"measured", "config", "history"} | (
            {"val_accuracy", "test_accuracy"} if self.measured else {"val_r2", "test_r2"}
        )
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        values |= {"folder": str(self.folder), "trained": self.trained.isoformat()}
        return {name: value for name, value in values.items() if name not in left_out}

    @property
    def val_score(self) -> float | None:
        """Accuracy, or R2, of the kept weights; ``None`` if no samples are held out."""
        return self.val_r2 if self.measured else self.val_accuracy


class _Scores(msgspec.Struct):
    loss: float | None = None
    accuracy: Annotated[float, Meta(ge=0, le=1)] | None = None
    r2: Annotated[float, Meta(le=1)] | None = None


class _Epoch(msgspec.Struct):
    """An epoch of a report, of which only the number counts here."""


class _Ending(msgspec.Struct):
    """What a report says of the end of a run; that of an earlier version lacks a part."""

    stop_reason: StopReason
    test: _Scores
    history: list[_Epoch]
    validation: _Scores | None = None


@dataclass(frozen=True, slots=True)
class _Course:
    """How a run went."""

    data: str
    network: NetworkSpec
    config: TrainConfig
    history: tuple[EpochRecord, ...]
    best_epoch: int
    seconds: float
    stop_reason: StopReason | None


def summarize(folder: RunFolder) -> RunSummary:
    """The run in a folder at a glance.

    Raises:
        ModelError: there is no run, or its files are damaged.
        DataError: its log is damaged.
    """
    course = (_logged if folder.metrics.exists() else _checkpointed)(folder)
    history, best_epoch, network = course.history, course.best_epoch, course.network
    best = next((one for one in history if one.epoch == best_epoch), None)
    ending = _ending(folder, len(history))
    val = test = _Scores()
    if best is not None:  # else there are no weights
        if not course.config.keeps_own:
            val = _Scores(best.val_loss, best.val_accuracy, best.val_r2)
        if ending is not None:
            val, test = ending.validation or val, ending.test
    return RunSummary(
        name=folder.path.resolve().name,
        folder=folder.path,
        data=course.data,
        network=str(network),
        optimizer=course.config.optimizer,
        learning_rate=course.config.effective_learning_rate,
        epochs=len(history),
        planned=course.config.effective_epochs,
        best_epoch=best_epoch,
        val_loss=val.loss,
        val_accuracy=val.accuracy,
        test_accuracy=test.accuracy,
        seconds=course.seconds,
        stop_reason=course.stop_reason if ending is None else ending.stop_reason,
        measured=network.kind == "measured",
        val_r2=val.r2,
        test_r2=test.r2,
        running=folder.is_running,
        trained=datetime.fromtimestamp(folder.written, UTC),
        bytes=folder.bytes,
        config=course.config,
        history=history,
    )


def summaries_in(folder: Path, tell: Callable[[GpunetError], object]) -> list[RunSummary]:
    """The runs in a folder, or the one that it is, those trained last first.

    Args:
        folder: that they lie in.
        tell: gets what is wrong with a run that is damaged, and left out.

    Raises:
        ModelError: the folder cannot be read.
    """
    summaries = []
    for run in runs_in(folder):
        try:
            summaries.append(summarize(run))
        except GpunetError as error:
            tell(error)
    return summaries


def _logged(folder: RunFolder) -> _Course:
    """What the log tells."""
    run: RunInfo | None = None
    best_epoch, reason = 0, None
    reader = MetricsReader(folder.metrics, details=False)
    for _, event in reader.new_events():
        match event:
            case RunInfo():
                run, best_epoch, reason = event, event.best_epoch, None
            case EpochEnd():
                best_epoch = event.best_epoch
            case RunEnd():
                best_epoch, reason = event.best_epoch, event.reason
    if run is None:
        remove = f"`gpunet runs delete {folder.path.name}` removes it"
        advice = "wait a moment" if folder.is_running else remove
        raise ModelError(f"the run in {folder.path} has not begun to train; {advice}")
    history = tuple(reader.records)
    seconds = sum(record.seconds for record in history)
    return _Course(run.dataset.name, run.network, run.config, history, best_epoch, seconds, reason)


def _checkpointed(folder: RunFolder) -> _Course:
    """What the checkpoint tells of a run of an earlier version, which kept no log."""
    model, state = folder.load()
    history, best_epoch = state.history, state.best_epoch
    return _Course(
        model.origin.name, model.network, model.config, history, best_epoch, state.seconds, None
    )


def _ending(folder: RunFolder, epochs: int) -> _Ending | None:
    """What the report says, unless it is of before the run was resumed, or damaged."""
    if not folder.report.is_file():  # a pipe of that name would never end
        return None
    try:
        ending = from_json(folder.report.read_bytes(), _Ending)
    except (OSError, UnsoundError):
        return None
    return ending if len(ending.history) >= epochs else None
