"""The events of a run, read back from its log ``metrics.jsonl``, also while it is being written.

What a log holds belongs to ``metrics_log``. A file is never trusted: what is read has been checked
for types, shapes and sizes.
"""

from __future__ import annotations

import dataclasses
import math
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import numpy as np
from msgspec import UNSET, Meta, UnsetType
from numpy.typing import NDArray

from gpunet.artifacts.insight_log import LoggedInsight
from gpunet.artifacts.logged_values import from_base64
from gpunet.artifacts.metrics_log import FORMAT
from gpunet.config import MAXIMUM_EPOCHS, Kind, TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.scaling import Scaling
from gpunet.datasets.table_columns import Columns
from gpunet.engine.interface import DeviceInfo
from gpunet.errors import DataError, GpunetError, reason_of
from gpunet.files.typed_json import UnsoundError, from_json, typed
from gpunet.training.events import EpochEnd, EpochRecord, Insight, Progress, RunInfo, StopReason

__all__ = ["Event", "MetricsReader", "RunEnd", "read_events"]

LONGEST_LINE = 1 << 26
"""Bytes of a line, at most; the history of a resumed run is the longest."""

REPORT = b'{"event":"progress",'
"""How the line of a report begins."""

GALLERY = 1000
"""Samples of a gallery, at most; runs keep some hundred."""

Kept = TypeVar("Kept")
Count = Annotated[int, Meta(ge=0, lt=1 << 53)]
Epoch = Annotated[int, Meta(ge=0, le=MAXIMUM_EPOCHS)]
Size = Annotated[int, Meta(ge=1, lt=1 << 32)]
Name = Annotated[str, Meta(max_length=1000)]
Number = float | None  # null is no finite number
Optional = float | UnsetType | None
Share = Annotated[float, Meta(ge=0, le=1)] | UnsetType | None
Seconds = Annotated[float, Meta(ge=0)]


@dataclass(frozen=True, slots=True, eq=False)
class RunEnd:
    """No further epoch follows.

    Args:
        reason: why.
        best_epoch: the epoch whose weights are kept, counted from 1; 0 if there is none.
        gallery: (g, C) the last answers to the gallery; ``None`` if the last epoch has told them.
    """

    reason: StopReason
    best_epoch: int
    gallery: NDArray[np.float32] | None = None


Event = RunInfo | Progress | Insight | EpochEnd | RunEnd
"""What a log tells of. The data of its ``RunInfo`` have names, but no samples beside the gallery's,
whose features are zero where the log lacks them; an ``Insight`` has no parameters, (P, 0)."""


def read_events(path: Path) -> Iterator[tuple[float, Event]]:
    """The events of a log, each with the seconds since the run began.

    A last line that is not written to its end is left out, and events of later versions are. The
    time between a run and its resumption does not count.

    Raises:
        DataError: there is no such file, or it is no log of a run; the message names the line.
    """
    return MetricsReader(path).new_events()


class MetricsReader:
    """Reads a log that may grow.

    Args:
        path: of the file.
        reports: read the reports from within epochs, too, which are most of a log.

    Example:
        >>> import pathlib, tempfile
        >>> from gpunet.artifacts.metrics_reader import MetricsReader
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "metrics.jsonl"
        >>> path.touch()
        >>> list(MetricsReader(path).new_events())
        []
    """

    def __init__(self, path: Path, *, reports: bool = True) -> None:
        self.path = path
        self._reports = reports
        self._offset = self._lines = 0
        self._run: RunInfo | None = None
        self._gallery = np.zeros((0, 0), np.float32)
        self._clock = self._begin = 0.0

    def new_events(self) -> Iterator[tuple[float, Event]]:
        """The events that came since the last call, each with the seconds since the run began.

        Raises:
            DataError: as ``read_events`` does.
        """
        try:
            if not stat.S_ISREG(self.path.stat().st_mode):
                raise UnsoundError("it is no ordinary file")
            with self.path.open("rb") as file:
                file.seek(self._offset)
                while (line := file.readline(LONGEST_LINE)).endswith(b"\n"):
                    self._offset += len(line)
                    self._lines += 1
                    if not self._reports and line.startswith(REPORT):
                        continue
                    if (event := self._event(line)) is not None:
                        yield self._clock, event
                if len(line) == LONGEST_LINE:
                    raise UnsoundError(f"line {self._lines + 1} is longer than 64 MiB")
        except OSError as error:
            raise DataError(
                f"the log {self.path} cannot be read: {reason_of(error)}; give a run that "
                "`gpunet runs` lists"
            ) from error
        except UnsoundError as error:
            raise DataError(
                f"{self.path} is no log of a run: {error}; give a run that `gpunet runs` lists"
            ) from error

    def _event(self, line: bytes) -> Event | None:
        """The event of a line; ``None`` if it is of a kind that later versions know."""
        try:
            content = from_json(line, dict[str, Any])
            head = typed(content, _Head)
            kind = _KINDS.get(head.event)
            if kind is None:
                return None
            if kind is _Begin:
                self._begin = self._clock
            elif self._run is None:
                raise UnsoundError("it stands before the run's beginning")
            self._clock = max(self._clock, self._begin + head.clock)
            return self._taken(typed(content, kind))
        except (UnsoundError, GpunetError) as error:
            raise UnsoundError(f"in line {self._lines}, {error}") from error

    def _taken(self, content: _Begin | _Progress | LoggedInsight | _EpochEnd | _RunEnd) -> Event:
        match content:
            case _Begin():
                self._run = content.run()
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
            case _EpochEnd():
                self._gallery = _answers(content.gallery, self._gallery)
                record, left = _restored(content, EpochRecord), content.patience_left
                return EpochEnd.of(record, content.best_epoch, left, self._gallery)
            case _RunEnd():
                self._gallery = _answers(content.gallery, self._gallery)
                newer = None if content.gallery is None else self._gallery
                return RunEnd(content.reason, content.best_epoch, newer)


class _Head(msgspec.Struct):
    event: str
    clock: Seconds


class _Array(msgspec.Struct):
    dtype: Literal["uint8", "int32", "float32", "float64"]
    shape: Annotated[tuple[Count, ...], Meta(max_length=2)]
    base64: str

    def array(self) -> NDArray[Any]:
        """The values, of finite numbers.

        Raises:
            UnsoundError: there are none of this type and shape.
        """
        return from_base64(self.base64, self.dtype, self.shape)


class _Gallery(msgspec.Struct):
    labels: _Array
    features: _Array | None = None


class _Scaling(msgspec.Struct):
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    clips: bool = False

    def scaling(self, what: str, count: int) -> Scaling:
        """The scaling of so many features or targets."""
        if not len(self.mean) == len(self.deviation) == count:
            raise UnsoundError(f"the scaling is that of other {what}")
        return Scaling(np.array(self.mean), np.array(self.deviation), clips=self.clips)


class _Dataset(msgspec.Struct):
    name: Name
    kind: Kind
    inputs: Size
    outputs: Size
    classes: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    image_shape: tuple[Size, Size] | None = None
    features: tuple[str, ...] | None = None
    scaling: _Scaling | None = None

    def dataset(self) -> Dataset:
        """The data without a sample."""
        if self.image_shape is not None and math.prod(self.image_shape) != self.inputs:
            raise UnsoundError(f"image_shape does not make {self.inputs} features")
        names = self.classes if self.kind == "classes" else self.targets
        if len(names) not in (0, self.outputs):
            raise UnsoundError(f"there are {len(names)} names for {self.outputs} outputs")
        columns = None
        if self.features is not None:
            if len(self.features) != self.inputs:
                raise UnsoundError(
                    f"there are {len(self.features)} names of {self.inputs} features"
                )
            columns = Columns(self.features, label=None, place=0, index=False, grey=False)
        none = _samples(_no_rows(self.kind, len(names)), None, self.inputs)
        return Dataset(
            name=self.name,
            train=none,
            test=none,
            classes=self.classes if self.kind == "classes" else (),
            image_shape=self.image_shape,
            source="the log of a run",
            columns=columns,
            targets=() if self.kind == "classes" else self.targets,
            kind=self.kind,
        )


class _EpochRecord(msgspec.Struct, kw_only=True):
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


class _EpochEnd(_EpochRecord, kw_only=True):
    best_epoch: Epoch
    patience_left: Epoch | None = None
    gallery: _Array | None = None


class _RunEnd(msgspec.Struct):
    reason: StopReason
    best_epoch: Epoch
    gallery: _Array | None = None


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


class _Begin(msgspec.Struct, kw_only=True):
    format: int
    config: dict[str, Any]
    device: DeviceInfo
    dataset: _Dataset
    train_count: Count
    validation_count: Count
    test_count: Count
    steps_per_epoch: Count
    windows: Count
    gallery: _Gallery | None = None
    target_scaling: _Scaling | None = None
    history: tuple[_EpochRecord, ...] = ()
    best_epoch: Epoch = 0
    begun_steps: Count = 0

    def run(self) -> RunInfo:
        """What is known of the run.

        Raises:
            UnsoundError: entries do not go together.
            GpunetError: a setting cannot be.
        """
        if self.format > FORMAT:
            raise UnsoundError(f"the format is {self.format}, and this gpunet reads up to {FORMAT}")
        config, dataset = TrainConfig.from_dict(self.config), self.dataset.dataset()
        network = config.network(self.dataset.inputs, self.dataset.outputs)
        if network.kind != self.dataset.kind:
            raise UnsoundError(f"the loss {network.loss} is none for {self.dataset.kind}")
        own, targets = self.dataset.scaling, self.target_scaling
        if not 0 <= self.best_epoch <= len(self.history):
            raise UnsoundError("the best epoch is none of the history")
        return RunInfo(
            device=self.device,
            network=network,
            config=config,
            dataset=dataset,
            gallery=self._samples(dataset),
            train_count=self.train_count,
            validation_count=self.validation_count,
            steps_per_epoch=self.steps_per_epoch,
            test_count=self.test_count,
            windows=self.windows,
            history=tuple(_restored(one, EpochRecord) for one in self.history),
            best_epoch=self.best_epoch,
            begun_steps=self.begun_steps,
            scaling=None if own is None else own.scaling("features", self.dataset.inputs),
            target_scaling=(
                None if targets is None else targets.scaling("targets", self.dataset.outputs)
            ),
        )

    def _samples(self, dataset: Dataset) -> Samples:
        """The gallery's samples; one without names shows none."""
        if self.gallery is None or not dataset.outputs:
            return dataset.train
        labels = self.gallery.labels.array()
        if len(labels) > GALLERY:
            raise UnsoundError(
                f"the gallery has {len(labels)} samples, at most {GALLERY} are shown"
            )
        features = None if self.gallery.features is None else self.gallery.features.array()
        gallery = _samples(labels, features, dataset.inputs)
        if gallery.features.shape[1] != dataset.inputs:
            raise UnsoundError(f"the gallery is no samples of {dataset.inputs} features")
        dataclasses.replace(dataset, test=gallery)  # which checks the labels and the features
        return gallery


_KINDS: Mapping[str, Any] = {
    "begin": _Begin,
    "progress": _Progress,
    "insight": LoggedInsight,
    "epoch": _EpochEnd,
    "end": _RunEnd,
}


def _answers(newer: _Array | None, latest: NDArray[np.float32]) -> NDArray[np.float32]:
    """The answers (g, C) to the gallery; the latest ones if there are no newer ones."""
    if newer is None:
        return latest
    answers = newer.array()
    if answers.shape != latest.shape or answers.dtype != np.float32:
        raise UnsoundError(f"the gallery is {answers.shape}, wanted {latest.shape}")
    return answers


def _no_rows(kind: Kind, outputs: int) -> NDArray[Any]:
    """No labels of a kind."""
    return np.zeros(0, np.int32) if kind == "classes" else np.zeros((0, outputs), np.float32)


def _samples(labels: NDArray[Any], features: NDArray[Any] | None, inputs: int) -> Samples:
    """Samples with these labels, and with zeros where the features (n, I) are not known."""
    if features is None:  # which take no memory
        features = np.broadcast_to(np.uint8(0), (len(labels), inputs))
    return Samples(features, labels)


def _restored(content: msgspec.Struct, kind: type[Kept]) -> Kept:
    """An event with ``None`` for what was left out, and NaN for null."""
    names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    values = {name: getattr(content, name) for name in names}
    return kind(
        **{
            name: None if value is UNSET else math.nan if value is None else value
            for name, value in values.items()
        }
    )
