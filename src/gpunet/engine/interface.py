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
    """What carries out the work, as users see it.

    Args:
        name: of the adapter, or ``numpy`` with the processor's name.
        kind: a GPU of its own, one in the processor, a software adapter, or the numpy engine.
        backend: ``Vulkan``, ``Metal``, ``D3D12`` or ``numpy``.
        driver: its name and version, as far as it tells.
    """

    name: str
    kind: Literal["discrete GPU", "integrated GPU", "virtual GPU", "software adapter", "CPU"]
    backend: str
    driver: str

    def __str__(self) -> str:
        return f"{self.name} ({self.kind}, {self.backend})"


@dataclass(frozen=True, slots=True)
class KernelTime:
    """What a kernel takes of one training step.

    Args:
        label: the kernel, and the layer if the engine times each by itself.
        seconds: of a step.
        operations: multiplications and additions of a step; ``None`` if they are not counted.
        traffic: bytes that it must read and write in a step; ``None`` if they are not counted.
    """

    label: str
    seconds: float
    operations: int | None
    traffic: int | None


class Engine(Population, ABC):
    """A population of P networks of one shape on one device.

    The order of calls: ``load`` the splits, ``set_parameters``, then for every epoch
    ``begin_epoch``, ``train`` in as many calls as one likes, ``metrics``, ``evaluate``. Between two
    epochs, networks that have ended are deactivated. Training samples that do not fit come in
    windows: each is loaded, and has a ``begin_epoch`` and ``metrics`` of its own. Every call raises
    a ``DeviceError`` where the device fails.
    """

    device: DeviceInfo
    """What carries out the work."""

    can_be_lost: ClassVar[bool] = True
    """Whether the device may fail, so that a run goes back to where it was after an epoch."""

    def __init__(self, network: NetworkSpec, configs: TrainConfig | Sequence[TrainConfig]) -> None:
        super().__init__(network, configs)
        self.class_weights: NDArray[np.float32] | None = None
        """(C,) what a sample of each class counts in training; ``load`` finds it."""
        self.rows: dict[Split, Sequence[NDArray[np.uint32]]] = {}
        """(P,) the rows of a split that each network has for its own; all rows where there are
        none."""
        self.clocked = False
        """Whether the device's own clock measures the steps, for ``busy_seconds``."""

    def load(
        self,
        split: Split,
        samples: Samples,
        labels: NDArray[np.int32] | None = None,
        rows: Sequence[NDArray[np.uint32]] | None = None,
    ) -> None:
        """Put a split where the device can read it; it replaces an earlier one of that name.

        Args:
            split: what the samples are for.
            samples: all of them, or a window.
            labels: of all training samples, where these are a window of them; they tell what
                balanced class weights are.
            rows: (P,) of the split, that each network has for its own: ``begin_epoch`` orders
                these, and ``evaluate`` counts them alone. Those trained on make as many steps for
                one network as for another.

        Raises:
            SettingError: there is not one class weight for each class.
            DeviceError: it does not fit.
            ValueError: the networks' own rows make unequal numbers of steps, or unequal weights of
                the classes.
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
        """The weights (C,) of the classes, among the rows that networks have for their own."""
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
        """What each of some training samples counts in the loss (n,); ``None`` if all count alike.

        What its class weighs times its own weight, which alone counts in the other metrics and in
        evaluations.
        """
        if self.class_weights is None:
            return samples.weights
        by_class: NDArray[np.float32] = self.class_weights[samples.labels]
        return by_class if samples.weights is None else by_class * samples.weights

    def load_ahead(self, samples: Samples) -> None:
        """Copy to the device the training samples that are loaded next, while it works."""

    @abstractmethod
    def most_samples(self, split: Split, row_bytes: int) -> int:
        """The most samples of a split, of so many bytes each, that can be loaded at once."""

    @abstractmethod
    def _load(self, split: Split, samples: Samples) -> None:
        """Put a split where the device can read it."""

    @abstractmethod
    def set_parameters(self, parameters: NDArray[np.float32]) -> None:
        """Set all weights and biases (P, N) and forget the optimizer's moments.

        Networks that were deactivated run again.
        """

    @abstractmethod
    def parameters(self) -> NDArray[np.float32]:
        """A copy of all weights and biases (P, N), laid out as ``parameters`` says."""

    @abstractmethod
    def set_moments(self, moments: NDArray[np.float32]) -> None:
        """Set the optimizer's moments (M, P, N), M as ``moments`` gives."""

    @abstractmethod
    def moments(self) -> NDArray[np.float32]:
        """A copy of the optimizer's moments (M, P, N).

        M is ``MOMENTS`` of the rule: first and second moment, or the only one there is.
        """

    @abstractmethod
    def deactivate(self, networks: Collection[int]) -> None:
        """Exclude these networks, counted from 0, from the following epochs.

        Read the epoch's ``metrics`` first. Their weights and moments stay, and they cost nothing
        any more: ``metrics`` and ``evaluate`` count no sample for them, their rows of ``predict``
        are NaN.
        """

    @abstractmethod
    def begin_epoch(
        self, order: NDArray[np.uint32], learning_rates: NDArray[np.float64], first_step: int
    ) -> None:
        """Start an epoch, or a window of it, over the training split; metrics count from zero.

        Args:
            order: (P, n) the rows of the training split in the order of this epoch. Where networks
                have rows of their own, those of networks with fewer are filled up with any others.
            learning_rates: (P, S) of its steps; S = ceil(n / B).
                Rows of networks that were deactivated do not matter.
            first_step: steps taken before; dropout and the optimizer's factors are keyed
                by it.
        """

    @abstractmethod
    def train(self, steps: int) -> None:
        """Take the epoch's next steps; it may return before the device has finished them."""

    @abstractmethod
    def metrics(self) -> Metrics:
        """The epoch's metrics so far, once all steps that were asked for are done."""

    @abstractmethod
    def evaluate(self, split: Split) -> Metrics:
        """Loss and hits over a whole split, without dropout."""

    @abstractmethod
    def predict(self, split: Split) -> NDArray[np.float32]:
        """(P, n, C) the answers for every sample of a split.

        The probabilities of every class or of every label, or the measured targets.
        """

    def memory(self) -> int | None:
        """Bytes of all buffers on the device; ``None`` if that is the host itself."""
        return None

    def busy_seconds(self) -> float | None:
        """What the device has worked at this epoch's steps, while ``clocked``.

        ``None`` if it has no clock, or is the host itself.
        """
        return None

    @abstractmethod
    def time_kernels(self, steps: int) -> tuple[KernelTime, ...]:
        """Time every kernel of a training step, each over this many steps, in their order.

        An epoch of more than so many steps must have begun. It is of no further use for training
        afterwards, since the kernels may run out of turn.
        """

    def reopen(self) -> None:
        """Open the device again, with all splits, after it has failed.

        Weights and moments are to be set again, and the inactive networks deactivated.

        Raises:
            DeviceError: it fails again.
        """

    def close(self) -> None:
        """Give back what the device holds; the engine cannot be used afterwards."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
