"""The summary of a run for lists of runs, read from its log or else from its checkpoint."""

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
    """The summary of a run.

    Args:
        name: the folder's name.
        folder: the folder's path.
        data: the dataset's name.
        network: its sizes, like ``784-16-16-10``.
        optimizer: the update rule.
        learning_rate: at the start.
        epochs: number of finished epochs.
        planned: largest number of epochs.
        best_epoch: the epoch whose weights are kept; 0 within the first epoch.
        val_loss: of the kept weights; ``None`` if no samples are held out. For an ensemble it is
            the mean over its networks, each in its kept epoch; ``None`` until the run has ended.
        val_accuracy: a fraction, otherwise like ``val_loss``.
        test_accuracy: of the best weights; ``None`` until the run has ended.
        seconds: time spent in training.
        stop_reason: why the run ended, or ``None`` if it has not ended or was aborted.
        measured: whether targets are measured, with R2 instead of accuracies.
        val_r2: R2 of the kept weights; ``None`` in the cases of ``val_accuracy``.
        test_r2: R2 of the best weights; ``None`` in the cases of ``test_accuracy``.
        running: whether a living process trains it.
        trained: when it was last trained, in UTC.
        bytes: size of all files in the folder.
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
        """The summary for JSON, with accuracies or R2."""
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
    """An epoch of a report; only its number matters here."""


class _Ending(msgspec.Struct):
    """The end of a run in its report; reports of earlier versions lack a part."""

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
    """The summary of the run in a folder.

    Raises:
        ModelError: there is no run, or its files are damaged.
        DataError: its log is damaged.
    """
    course = (_logged if folder.metrics.exists() else _checkpointed)(folder)
    history, best_epoch, network = course.history, course.best_epoch, course.network
    best = next((one for one in history if one.epoch == best_epoch), None)
    ending = _ending(folder, len(history))
    val = test = _Scores()
    if best is not None:  # otherwise there are no weights
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
    """Summaries of the runs in a folder, or of the folder itself; those trained last come first.

    Args:
        folder: the folder of runs, or of one run.
        tell: called with the error of each damaged run, which is left out.

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
    """The course of a run from its log."""
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
    """The course of a run from its checkpoint; earlier versions kept no log."""
    model, state = folder.load()
    history, best_epoch = state.history, state.best_epoch
    return _Course(
        model.origin.name, model.network, model.config, history, best_epoch, state.seconds, None
    )


def _ending(folder: RunFolder, epochs: int) -> _Ending | None:
    """The end in the report, unless that is damaged or older than the run's resumption."""
    if not folder.report.is_file():  # reading a pipe of that name would never end
        return None
    try:
        ending = from_json(folder.report.read_bytes(), _Ending)
    except (OSError, UnsoundError):
        return None
    return ending if len(ending.history) >= epochs else None
