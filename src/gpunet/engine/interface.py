"""What every engine offers: one population of networks, trained and evaluated on one device.

Axis 0 of parameters, moments and metrics is the population P; training one network is P = 1.
``reference`` is the specification of every number, ``wgpu_engine`` runs the same on an
adapter, and ``factory`` alone chooses between them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.class_weights import class_weights
from gpunet.engine.metrics import Metrics
from gpunet.engine.population import Population

__all__ = ["DeviceInfo", "Engine", "KernelTime", "Split"]

Split = Literal["train", "validation", "test", "gallery"]


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A compute device as users see it.

    Args:
        name: of the adapter, or ``numpy`` with the processor's name.
        kind: a discrete, integrated or virtual GPU, a software adapter, or the CPU (numpy).
        backend: ``Vulkan``, ``Metal``, ``D3D12`` or ``numpy``.
        driver: its name and version, as far as known.
    """

    name: str
    kind: Literal["discrete GPU", "integrated GPU", "virtual GPU", "software adapter", "CPU"]
    backend: str
    driver: str

    def __str__(self) -> str:
        return f"{self.name} ({self.kind}, {self.backend})"


@dataclass(frozen=True, slots=True)
class KernelTime:
    """The time that a kernel takes in one training step.

    Args:
        label: the kernel, and the layer if the engine times layers separately.
        seconds: per step.
        operations: multiplications and additions per step; ``None`` if they are not counted.
        traffic: bytes that it must read and write per step; ``None`` if they are not counted.
    """

    label: str
    seconds: float
    operations: int | None
    traffic: int | None


class Engine(Population, ABC):
    """A population of P networks of one shape on one device.

    The order of calls: ``load`` the splits, ``set_parameters``, then for every epoch
    ``begin_epoch``, ``train`` in any number of calls, ``metrics``, ``evaluate``. Between two
    epochs, networks that have ended are deactivated. Training samples that do not fit come in
    windows: each is loaded, and has its own ``begin_epoch`` and ``metrics``. Every call raises a
    ``DeviceError`` if the device fails.
    """

    device: DeviceInfo
    """The device that the engine runs on."""

    can_be_lost: ClassVar[bool] = True
    """Whether the device may fail, so that a run must be able to go back to its last epoch."""

    def __init__(self, network: NetworkSpec, configs: TrainConfig | Sequence[TrainConfig]) -> None:
        super().__init__(network, configs)
        self.class_weights: NDArray[np.float32] | None = None
        """(C,) how much a sample of each class counts in training; set by ``load``."""
        self.rows: dict[Split, Sequence[NDArray[np.uint32]]] = {}
        """(P,) each network's own rows of a split; a split that is missing here is shared."""
        self.clocked = False
        """Whether the device's own clock measures the steps, for ``busy_seconds``."""

    def load(
        self,
        split: Split,
        samples: Samples,
        labels: NDArray[np.int32] | None = None,
        rows: Sequence[NDArray[np.uint32]] | None = None,
    ) -> None:
        """Copy a split to the device; it replaces an earlier one of that name.

        Args:
            split: what the samples are for.
            samples: all of them, or a window.
            labels: those of all training samples, if ``samples`` is only a window; they determine
                balanced class weights.
            rows: (P,) each network's own rows of the split: ``begin_epoch`` orders only these, and
                ``evaluate`` counts only these. All networks must take the same number of steps.

        Raises:
            SettingError: there is not one class weight for each class.
            DeviceError: the split does not fit.
            ValueError: the networks' own rows give different numbers of steps, or different
                class weights.
        """
        if split == "train":
            self.class_weights = self._class_weights(samples, labels, rows)
        self.rows.pop(split, None)
        if rows is not None:
            self.rows[split] = rows
            steps = {-(-len(own) // self.batch_size) for own in rows}
            if split == "train" and len(steps) > 1:
                raise ValueError(f"a population takes one number of steps, not {sorted(steps)}")
        self._load(split, samples)

    def _class_weights(
        self,
        samples: Samples,
        labels: NDArray[np.int32] | None,
        rows: Sequence[NDArray[np.uint32]] | None,
    ) -> NDArray[np.float32] | None:
        """The class weights (C,) in the networks' own rows."""
        wanted = self.configs[0].class_weights
        known = [samples.labels if labels is None else labels]
        if labels is None and rows is not None and wanted == "balanced":
            known = [samples.labels[own] for own in rows]
        weights = (class_weights(wanted, one, self.network) for one in known)
        found = [one for one in weights if one is not None]
        if any(not np.array_equal(found[0], one) for one in found):
            raise ValueError("a population shares the weights of classes, but its rows differ")
        return found[0] if found else None

    def loss_weights(self, samples: Samples) -> NDArray[np.float32] | None:
        """How much each training sample counts in the loss (n,); ``None`` if all count the same.

        It is the weight of the sample's class times the sample's own weight. The other metrics and
        evaluations use the sample's own weight alone.
        """
        if self.class_weights is None:
            return samples.weights
        by_class: NDArray[np.float32] = self.class_weights[samples.labels]
        return by_class if samples.weights is None else by_class * samples.weights

    def load_ahead(self, samples: Samples) -> None:
        """Copy the training samples that will be loaded next to the device, while it works."""

    @abstractmethod
    def most_samples(self, split: Split, row_bytes: int) -> int:
        """How many samples of a split, each of ``row_bytes``, can be loaded at once."""

    @abstractmethod
    def _load(self, split: Split, samples: Samples) -> None:
        """Copy a split to the device."""

    @abstractmethod
    def set_parameters(self, parameters: NDArray[np.float32]) -> None:
        """Set all weights and biases (P, N) and forget the optimizer's moments.

        Networks that were deactivated run again.
        """

    @abstractmethod
    def parameters(self) -> NDArray[np.float32]:
        """A copy of all weights and biases (P, N), in the layout of ``gpunet.parameters``."""

    @abstractmethod
    def set_moments(self, moments: NDArray[np.float32]) -> None:
        """Set the optimizer's moments (M, P, N), as ``moments`` returns them."""

    @abstractmethod
    def moments(self) -> NDArray[np.float32]:
        """A copy of the optimizer's moments (M, P, N).

        M is ``MOMENTS`` of the update rule: the first and second moment, or only one.
        """

    @abstractmethod
    def deactivate(self, networks: Collection[int]) -> None:
        """Exclude these networks, counted from 0, from the following epochs.

        Read the epoch's ``metrics`` first. Their weights and moments stay, but they take no more
        time: ``metrics`` and ``evaluate`` count no samples for them, and their rows of ``predict``
        are NaN.
        """

    @abstractmethod
    def begin_epoch(
        self, order: NDArray[np.uint32], learning_rates: NDArray[np.float64], first_step: int
    ) -> None:
        """Start an epoch over the training split, or a window of it, with metrics at zero.

        Args:
            order: (P, n) rows of the training split in this epoch's order. If networks have their
                own rows, shorter orders are padded with any other rows.
            learning_rates: (P, S) the rate of each step; S = ceil(n / B). Rows of deactivated
                networks do not matter.
            first_step: steps taken before; dropout masks and the optimizer's factors depend on it.
        """

    @abstractmethod
    def train(self, steps: int) -> None:
        """Take the epoch's next steps; this may return before the device has finished them."""

    @abstractmethod
    def metrics(self) -> Metrics:
        """The epoch's metrics so far; waits until the device has finished its steps."""

    @abstractmethod
    def evaluate(self, split: Split) -> Metrics:
        """The metrics over a whole split, without dropout."""

    @abstractmethod
    def predict(self, split: Split) -> NDArray[np.float32]:
        """(P, n, C) the predictions for every sample of a split.

        They are probabilities of the classes or labels, or measured targets.
        """

    def memory(self) -> int | None:
        """Bytes of all buffers on the device; ``None`` if the device is the host itself."""
        return None

    def busy_seconds(self) -> float | None:
        """Seconds that the device has worked on this epoch's steps, measured while ``clocked``.

        ``None`` if the device has no clock, or is the host itself.
        """
        return None

    @abstractmethod
    def time_kernels(self, steps: int) -> tuple[KernelTime, ...]:
        """Time every kernel of a training step, in order, each over this many steps.

        Begin an epoch of more than ``steps`` steps first. It cannot be trained on afterwards, since
        the kernels may run out of order.
        """

    def reopen(self) -> None:
        """Open the device again after it has failed, and load all splits.

        Then set weights and moments again, and deactivate the networks that have ended.

        Raises:
            DeviceError: it fails again.
        """

    def close(self) -> None:
        """Free the device's memory; the engine cannot be used afterwards."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
