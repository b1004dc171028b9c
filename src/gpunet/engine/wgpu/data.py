"""The splits of samples in a device's buffers, and samples that are copied there ahead of time.

Programs are bound to these buffers, such as ``train samples``, so a buffer is kept as long as the
next samples fit in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.dataset import Samples
from gpunet.engine.interface import Split
from gpunet.engine.planning.records import label_words, packed
from gpunet.engine.planning.workload import Features
from gpunet.engine.wgpu.buffers import Buffers

__all__ = ["DeviceData", "DeviceSplit"]

Weights = Sequence[NDArray[np.float32]]
"""Each sample's weight (n,) in the loss and in the other metrics; empty if all weigh the same."""


@dataclass(frozen=True, slots=True, eq=False)
class DeviceSplit:
    """A split on the device.

    Args:
        samples: the buffer of the features.
        labels: the buffer of the labels or targets, each followed by its weights.
        count: number of samples in the split.
        room: number of samples that the buffers have room for.
        features: the type of the features.
        weights: number of weights after each label.
    """

    samples: Any
    labels: Any
    count: int
    room: int
    features: Features
    weights: int


class DeviceData:
    """All splits of an engine on its device."""

    def __init__(self, buffers: Buffers) -> None:
        self._buffers = buffers
        self._splits: dict[Split, DeviceSplit] = {}
        self._ahead: Samples | None = None

    def __getitem__(self, split: Split) -> DeviceSplit:
        return self._splits[split]

    def fits(self, split: Split, samples: Samples, weights: Weights) -> bool:
        """Whether the split's buffers have room for these samples."""
        known = self._splits.get(split)
        return known is not None and (
            (known.features, known.weights) == (_features(samples), len(weights))
            and known.room >= len(samples)
        )

    def load(self, split: Split, samples: Samples, weights: Weights) -> None:
        """Copy a split to the device, unless it was copied ahead."""
        if not self.fits(split, samples, weights):
            self._splits[split] = self._make_room(split, samples, weights)
        self._splits[split] = replace(self._splits[split], count=len(samples))
        if split == "train" and samples is self._ahead:
            self._take_ahead()
        else:
            self._copy(split, samples, weights)

    def load_ahead(self, samples: Samples, weights: Weights) -> None:
        """Copy the next training samples, which must fit, to the device beside the present ones."""
        if samples is not self._ahead:
            for name in ("samples", "labels"):
                self._buffers.ensure(f"next {name}", self._buffers[f"train {name}"].size)
            self._copy("next", samples, weights)
            self._ahead = samples

    def _take_ahead(self) -> None:
        """Make the samples that were copied ahead of time the training samples."""
        data = self._splits["train"]
        for name, buffer in (("samples", data.samples), ("labels", data.labels)):
            size = buffer.size // data.room * data.count
            self._buffers.copy(size, [(f"next {name}", 0, f"train {name}", 0)])
        self._ahead = None

    def _copy(self, name: str, samples: Samples, weights: Weights) -> None:
        """Fill the buffers of split ``name``; byte features stay bytes, four per word."""
        self._buffers.write(f"{name} samples", packed(samples.features))
        self._buffers.write(f"{name} labels", label_words(samples.labels, weights))

    def _make_room(self, split: Split, samples: Samples, weights: Weights) -> DeviceSplit:
        """New buffers for a split, which replace its present ones."""
        count, targets = len(samples), math.prod(samples.labels.shape[1:])
        label_bytes = 4 * (targets + len(weights)) * count
        return DeviceSplit(
            samples=self._buffers.ensure(f"{split} samples", samples.row_bytes * count),
            labels=self._buffers.ensure(f"{split} labels", label_bytes),
            count=count,
            room=count,
            features=_features(samples),
            weights=len(weights),
        )


def _features(samples: Samples) -> Features:
    return "bytes" if samples.features.dtype == np.uint8 else "floats"
