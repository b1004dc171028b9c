"""Reads the events of a run from its log ``metrics.jsonl``, also while it is being written.

``metrics_log`` describes the log. Files are not trusted: types, shapes and sizes are checked.
"""

from __future__ import annotations

import dataclasses
import math
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal, TypeVar

import msgspec
import numpy as np
from msgspec import UNSET, Meta, UnsetType
from numpy.typing import NDArray

from gpunet.artifacts.logged_insight import LoggedInsight
from gpunet.artifacts.logged_run import Epoch, LoggedRun
from gpunet.artifacts.logged_values import Array, Count
from gpunet.config import MAXIMUM_EPOCHS
from gpunet.errors import DataError, GpunetError, reason_of
from gpunet.files.typed_json import UnsoundError, from_json
from gpunet.training.events import EpochEnd, EpochRecord, Insight, Progress, RunInfo, StopReason

__all__ = ["Event", "MetricsReader", "RunEnd", "read_events"]

LONGEST_LINE = 1 << 22
"""Most bytes of a line; no run writes a tenth of it, and reading it takes some 100 MB."""

DETAILS = b'{"event":"progress",', b'{"event":"insight",'
"""The beginnings of lines about the inside of epochs, which are most of a log."""

Kept = TypeVar("Kept")
Number = float | None  # null is no finite number
Optional = float | UnsetType | None
Share = Annotated[float, Meta(ge=0, le=1)] | UnsetType | None
Seconds = Annotated[float, Meta(ge=0)]


@dataclass(frozen=True, slots=True, eq=False)
class RunEnd:
    """The end of a run.

    Args:
        reason: why it ended.
        best_epoch: the epoch whose weights are kept, counted from 1; 0 if there is none.
        gallery: (g, C) the last predictions of the gallery; ``None`` if the last epoch has them.
    """

    reason: StopReason
    best_epoch: int
    gallery: NDArray[np.float32] | None = None


Event = RunInfo | Progress | Insight | EpochEnd | RunEnd
"""The events in a log. The dataset of a ``RunInfo`` has names, but only the gallery's samples,
whose features are zero if the log lacks them; an ``Insight`` has no parameters, (P, 0)."""


def read_events(path: Path) -> Iterator[tuple[float, Event]]:
    """The events of a log, each with the seconds since the run began.

    An incomplete last line is left out, and so are events of later versions. The time between a run
    and its resumption does not count.

    Raises:
        DataError: there is no such file, or it is not the log of a run; the message names the line.
    """
    return MetricsReader(path).new_events()


class MetricsReader:
    """Reads a log that may grow, and that a new run in its folder may replace.

    Args:
        path: the file.
        details: also read events within epochs and predictions of the gallery, which are nearly all
            of a log. Without them, an epoch's ``gallery`` is zero.

    Attributes:
        records: the epochs so far, including those before a resumption.

    Example:
        >>> import pathlib, tempfile
        >>> from gpunet.artifacts.metrics_reader import MetricsReader
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "metrics.jsonl"
        >>> path.touch()
        >>> list(MetricsReader(path).new_events())
        []
    """

    def __init__(self, path: Path, *, details: bool = True) -> None:
        self.path = path
        self._details = details
        self._file = 0, 0  # its identity
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.records: list[EpochRecord] = []
        self._offset = self._lines = 0
        self._run: RunInfo | None = None
        self._gallery = np.zeros((0, 0), np.float32)
        self._clock = self._begin = 0.0

    def new_events(self) -> Iterator[tuple[float, Event]]:
        """The events since the last call, each with the seconds since the run began.

        Raises:
            DataError: as in ``read_events``.
        """
        try:
            if not stat.S_ISREG(self.path.stat().st_mode):  # a pipe would never be opened
                raise UnsoundError("it is no ordinary file")
            with self.path.open("rb") as file:
                for line in self._new_lines(file):
                    if (event := self._event(line)) is not None:
                        yield self._clock, event
        except OSError as error:
            raise DataError(
                f"the log {self.path} cannot be read: {reason_of(error)}; give a run that "
                "`gpunet runs` lists"
            ) from error
        except UnsoundError as error:
            raise DataError(
                f"{self.path} is no log of a run: {error}; give a run that `gpunet runs` lists"
            ) from error

    def _new_lines(self, file: BinaryIO) -> Iterator[bytes]:
        """The complete lines that were not read yet."""
        status = os.fstat(file.fileno())
        if self._file != (status.st_dev, status.st_ino) or status.st_size < self._offset:
            self._begin_anew()
            self._file = status.st_dev, status.st_ino
        file.seek(self._offset)
        while (line := file.readline(LONGEST_LINE)).endswith(b"\n"):
            self._offset += len(line)
            self._lines += 1
            if self._details or not line.startswith(DETAILS):
                yield line
        if len(line) == LONGEST_LINE:
            raise UnsoundError(f"line {self._lines + 1} is longer than {LONGEST_LINE >> 20} MiB")

    def _event(self, line: bytes) -> Event | None:
        """The event of a line; ``None`` if only later versions know its kind."""
        try:
            head = from_json(line, _Head)
            kind = _KINDS.get(head.event)
            if kind is None:
                return None
            if kind is LoggedRun:
                self._begin = self._clock
            elif self._run is None and kind is not _EpochEnd:
                raise UnsoundError("it stands before the run's beginning")
            self._clock = max(self._clock, self._begin + head.clock)
            if kind is _EpochEnd and not self._details:
                kind = _EpochEndAlone
            return self._taken(from_json(line, kind))
        except (UnsoundError, GpunetError) as error:
            raise UnsoundError(f"in line {self._lines}, {error}") from error

    def _taken(self, content: Any) -> Event | None:
        """The event of a line; ``None`` for an epoch before the run began here."""
        match content:
            case LoggedRun():
                self._run = content.run(self.records)
                del self.records[content.epochs_done :]
                shape = len(self._run.gallery), self._run.network.outputs
                self._gallery = np.zeros(shape, np.float32)
                return self._run
            case _Progress():
                if content.step > content.steps:
                    raise UnsoundError(f"step is {content.step}, of {content.steps}")
                return _restored(content, Progress)
            case LoggedInsight():
                assert self._run is not None
                return content.insight(self._run)
            case _EpochEndAlone():
                record, left = _restored(content, EpochRecord), content.patience_left
                self.records.append(record)
                if self._run is None:
                    return None
                if isinstance(content, _EpochEnd):
                    self._hear_answers(content.gallery)
                return EpochEnd.of(record, content.best_epoch, left, self._gallery)
            case _RunEnd():
                self._hear_answers(content.gallery)
                newer = None if content.gallery is None else self._gallery
                return RunEnd(content.reason, content.best_epoch, newer)
        raise AssertionError(content)

    def _hear_answers(self, newer: Array | None) -> None:
        """Keep the predictions (g, C) of the gallery, if there are newer ones."""
        if newer is None:
            return
        answers, wanted = newer.values(), self._gallery.shape
        if answers.shape != wanted or answers.dtype != np.float32:
            raise UnsoundError(f"the gallery is {answers.shape}, wanted {wanted}")
        self._gallery = answers


class _Head(msgspec.Struct):
    event: str
    clock: Seconds


class _EpochEndAlone(msgspec.Struct, kw_only=True):
    epoch: Annotated[int, Meta(ge=1, le=MAXIMUM_EPOCHS)]
    train_loss: Number
    learning_rate: Number
    seconds: Seconds
    samples_per_second: Seconds
    train_accuracy: Share = UNSET
    val_loss: Optional = UNSET
    val_accuracy: Share = UNSET
    train_r2: Optional = UNSET
    val_r2: Optional = UNSET
    best_epoch: Epoch
    patience_left: Epoch | None = None


class _EpochEnd(_EpochEndAlone, kw_only=True):
    gallery: Array | None = None


class _RunEnd(msgspec.Struct):
    reason: StopReason
    best_epoch: Epoch
    gallery: Array | None = None


class _Progress(msgspec.Struct, kw_only=True):
    epoch: Annotated[int, Meta(ge=1, le=MAXIMUM_EPOCHS)]
    step: Count
    steps: Count
    samples_per_second: Seconds
    phase: Literal["training", "validating", "paused"]
    elapsed: Seconds
    train_loss: Optional = UNSET
    train_score: Optional = UNSET
    remaining: Seconds | UnsetType | None = UNSET
    recent_loss: Optional = UNSET
    recent_score: Optional = UNSET
    learning_rate: Optional = UNSET
    host_memory: Count | UnsetType = UNSET
    device_memory: Count | UnsetType = UNSET
    processors: Seconds | UnsetType = UNSET
    step_seconds: Seconds | UnsetType = UNSET
    device_share: Seconds | UnsetType = UNSET


_KINDS: Mapping[str, Any] = {
    "begin": LoggedRun,
    "progress": _Progress,
    "insight": LoggedInsight,
    "epoch": _EpochEnd,
    "end": _RunEnd,
}

_NAMES: Mapping[type, list[str]] = {
    kind: [field.name for field in dataclasses.fields(kind)] for kind in (EpochRecord, Progress)
}


def _restored(content: msgspec.Struct, kind: type[Kept]) -> Kept:
    """An event with ``None`` for values that were left out, and NaN for null."""
    values = ((name, getattr(content, name)) for name in _NAMES[kind])
    return kind(
        **{
            name: None if value is UNSET else math.nan if value is None else value
            for name, value in values
        }
    )
