"""The beginning of a run in its log: everything that a screen needs without the data.

Logs are not trusted: types, shapes and sizes are checked.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from gpunet import __version__
from gpunet.artifacts.logged_values import Array, Count
from gpunet.config import MAXIMUM_EPOCHS, Kind, TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.scaling import Scaling
from gpunet.datasets.table_columns import Columns
from gpunet.engine.interface import DeviceInfo
from gpunet.files.typed_json import UnsoundError
from gpunet.training.events import EpochRecord, RunInfo

__all__ = ["MOST_NAMES", "Epoch", "LoggedRun"]

FORMAT = 1
"""Raised whenever an older gpunet would misread the file."""

MOST_NAMES = 5000
"""Most outputs whose names and predictions are kept; with more there is no gallery."""

MOST_FEATURES = 500
"""Most columns of a table whose names and scaling are kept."""

MOST_LETTERS = 100_000
"""Most characters of all names of outputs or features; if there are more, none are kept."""

LONGEST_NAME = 1000
"""Most characters of a dataset's name."""

LARGEST_GALLERY, LARGEST_ANSWERS = 150_000, 16_000
"""Most bytes of the gallery's features, and of its predictions, before they become text."""

MOST_SAMPLES = 1000
"""Most samples of a gallery that is read; runs keep about a hundred."""

Epoch = Annotated[int, Meta(ge=0, le=MAXIMUM_EPOCHS)]
Size = Annotated[int, Meta(ge=1, lt=1 << 32)]


class _Gallery(msgspec.Struct, omit_defaults=True):
    """The samples that fit; rows of too many columns have no features."""

    labels: Array
    features: Array | None = None

    @classmethod
    def of(cls, run: RunInfo) -> _Gallery:
        features, labels = run.gallery.features, run.gallery.labels
        fitting = LARGEST_GALLERY // max(1, features[:1].nbytes)
        count = min(len(labels), LARGEST_ANSWERS // (4 * run.network.outputs))
        if run.dataset.image_shape is not None:
            count = min(count, fitting)
        known = Array.of(features[:count]) if count <= fitting else None
        return cls(Array.of(labels[:count]), known)

    def samples(self, dataset: Dataset) -> Samples:
        labels = self.labels.values()
        if len(labels) > MOST_SAMPLES:
            raise UnsoundError(
                f"the gallery has {len(labels)} samples, at most {MOST_SAMPLES} are shown"
            )
        features = None if self.features is None else self.features.values()
        found = _samples(labels, features, dataset.inputs)
        if found.features.shape[1] != dataset.inputs:
            raise UnsoundError(f"the gallery is no samples of {dataset.inputs} features")
        dataclasses.replace(dataset, test=found)  # which checks the labels and the features
        return found


class _Scaling(msgspec.Struct, omit_defaults=True):
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    clips: bool = False

    @classmethod
    def of(cls, scaling: Scaling | None) -> _Scaling | None:
        if scaling is None:
            return None
        return cls(tuple(scaling.mean.tolist()), tuple(scaling.deviation.tolist()), scaling.clips)

    def scaling(self, what: str, count: int) -> Scaling:
        if not len(self.mean) == len(self.deviation) == count:
            raise UnsoundError(f"the scaling is that of other {what}")
        return Scaling(np.array(self.mean), np.array(self.deviation), clips=self.clips)


class _Dataset(msgspec.Struct, omit_defaults=True):
    name: Annotated[str, Meta(max_length=LONGEST_NAME)]
    kind: Kind
    inputs: Size
    outputs: Size
    classes: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    image_shape: tuple[Size, Size] | None = None
    features: tuple[str, ...] | None = None
    scaling: _Scaling | None = None

    @classmethod
    def of(cls, run: RunInfo) -> _Dataset:
        dataset, network = run.dataset, run.network
        features, scaling = None, None
        if dataset.image_shape is None and network.inputs <= MOST_FEATURES:
            if dataset.columns is not None:
                names = dataset.columns.feature_names(network.inputs)
                features = None if names is None else _kept(names)
            scaling = _Scaling.of(run.scaling)
        named = network.outputs <= MOST_NAMES
        return cls(
            dataset.name[:LONGEST_NAME],
            network.kind,
            network.inputs,
            network.outputs,
            (named and _kept(dataset.classes)) or (),
            (named and _kept(dataset.targets)) or (),
            dataset.image_shape,
            features,
            scaling,
        )

    def dataset(self) -> Dataset:
        """The dataset without samples."""
        if self.image_shape is not None and math.prod(self.image_shape) != self.inputs:
            raise UnsoundError(f"image_shape does not make {self.inputs} features")
        classes = self.classes if self.kind == "classes" else ()
        targets = self.targets if self.kind != "classes" else ()
        count = len(classes or targets)
        if count not in (0, self.outputs):
            raise UnsoundError(f"there are {count} names for {self.outputs} outputs")
        columns = None
        if self.features is not None:
            if len(self.features) != self.inputs:
                raise UnsoundError(
                    f"there are {len(self.features)} names of {self.inputs} features"
                )
            columns = Columns(self.features, label=None, place=0, index=False, grey=False)
        labels = np.zeros(0, np.int32) if self.kind == "classes" else np.zeros((0, count))
        none = _samples(labels, None, self.inputs)
        return Dataset(
            name=self.name,
            train=none,
            test=none,
            classes=classes,
            image_shape=self.image_shape,
            source="the log of a run",
            columns=columns,
            targets=targets,
            kind=self.kind,
        )


class LoggedRun(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The beginning or resumption of a run in a line of a log.

    Epochs that were done before are not repeated: they are earlier lines.
    """

    format: int
    gpunet: str = ""
    network: str = ""
    config: dict[str, Any]
    device: DeviceInfo
    dataset: _Dataset
    train_count: Count
    validation_count: Count
    test_count: Count
    steps_per_epoch: Count
    windows: Count
    epochs_done: Epoch = 0
    best_epoch: Epoch = 0
    begun_steps: Count = 0
    gallery: _Gallery | None = None
    target_scaling: _Scaling | None = None

    @classmethod
    def of(cls, run: RunInfo) -> LoggedRun:
        """The beginning of a run for its log."""
        defaults, dataset = TrainConfig().to_dict(), _Dataset.of(run)
        shown = bool(dataset.classes or dataset.targets)
        return cls(
            format=FORMAT,
            gpunet=__version__,
            network=str(run.network),
            config={
                name: one for name, one in run.config.to_dict().items() if one != defaults[name]
            },
            device=run.device,
            dataset=dataset,
            train_count=run.train_count,
            validation_count=run.validation_count,
            test_count=run.test_count,
            steps_per_epoch=run.steps_per_epoch,
            windows=run.windows,
            epochs_done=len(run.history),
            best_epoch=run.best_epoch,
            begun_steps=run.begun_steps,
            gallery=_Gallery.of(run) if shown else None,
            target_scaling=_Scaling.of(run.target_scaling) if shown else None,
        )

    def run(self, before: list[EpochRecord]) -> RunInfo:
        """The run as callbacks get it.

        Args:
            before: the epochs in the log so far.

        Raises:
            UnsoundError: entries contradict each other or those epochs.
            GpunetError: a setting is invalid.
        """
        if self.format > FORMAT:
            raise UnsoundError(f"the format is {self.format}, and this gpunet reads up to {FORMAT}")
        config, dataset = TrainConfig.from_dict(self.config), self.dataset.dataset()
        network = config.network(self.dataset.inputs, self.dataset.outputs)
        if network.kind != self.dataset.kind:
            raise UnsoundError(f"the loss {network.loss} is none for {self.dataset.kind}")
        if len(before) < self.epochs_done:
            raise UnsoundError(
                f"{self.epochs_done} epochs were done, of which {len(before)} are told"
            )
        if self.best_epoch > self.epochs_done:
            raise UnsoundError("the best epoch is none of those done")
        own, targets = self.dataset.scaling, self.target_scaling
        return RunInfo(
            device=self.device,
            network=network,
            config=config,
            dataset=dataset,
            gallery=(
                self.gallery.samples(dataset) if self.gallery and dataset.outputs else dataset.train
            ),
            train_count=self.train_count,
            validation_count=self.validation_count,
            steps_per_epoch=self.steps_per_epoch,
            test_count=self.test_count,
            windows=self.windows,
            history=tuple(before[: self.epochs_done]),
            best_epoch=self.best_epoch,
            begun_steps=self.begun_steps,
            scaling=None if own is None else own.scaling("features", self.dataset.inputs),
            target_scaling=(
                None if targets is None else targets.scaling("targets", self.dataset.outputs)
            ),
        )


def _kept(names: Sequence[str]) -> tuple[str, ...] | None:
    """The names, unless they are too long together."""
    return tuple(names) if sum(map(len, names)) <= MOST_LETTERS else None


def _samples(labels: NDArray[Any], features: NDArray[Any] | None, inputs: int) -> Samples:
    """Samples with these labels, and with zeros where the features (n, I) are not known."""
    if features is None:  # which take no memory
        features = np.broadcast_to(np.uint8(0), (len(labels), inputs))
    return Samples(features, labels)
