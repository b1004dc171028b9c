"""What every engine offers: one population of networks, trained and evaluated on one device.

Axis 0 of parameters, moments and metrics is the population P; training one network is P = 1.
``numpy_engine`` is the specification of every number, ``wgpu_engine`` runs the same on an
adapter, and ``factory`` alone chooses between them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from gpunet.config import NetworkSpec, Optimizer, TrainConfig
from gpunet.datasets.dataset import Samples

__all__ = ["DeviceInfo", "Engine", "Metrics", "NetworkSettings", "Split", "step_schedule"]

Split = Literal["train", "validation", "test", "gallery"]


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """What carries out the work, as users are told.

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
class NetworkSettings:
    """The hyperparameters of one network of a population.

    The learning rate is not among them: it comes step by step with the schedule.
    """

    seed: int
    dropout: float = 0.0
    input_dropout: float = 0.0
    momentum: float = 0.0
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    @classmethod
    def of(cls, config: TrainConfig) -> NetworkSettings:
        """The part of a configuration that the engine needs for one network."""
        return cls(
            seed=config.seed,
            dropout=config.dropout,
            input_dropout=config.input_dropout,
            momentum=config.momentum,
            beta1=config.beta1,
            beta2=config.beta2,
            epsilon=config.epsilon,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Metrics:
    """Sums over the samples seen so far.

    Args:
        loss: (P,) float64, the sum of the samples' cross-entropies in nats.
        correct: (P,) int64, samples whose largest probability is their label's.
        seen: (P,) int64, samples counted.
    """

    loss: NDArray[np.float64]
    correct: NDArray[np.int64]
    seen: NDArray[np.int64]

    @property
    def mean_loss(self) -> NDArray[np.float64]:
        """(P,) the mean cross-entropy; NaN where nothing was seen."""
        return np.where(self.seen > 0, self.loss / np.maximum(self.seen, 1), np.nan)

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """(P,) the fraction that is right; NaN where nothing was seen."""
        return np.where(self.seen > 0, self.correct / np.maximum(self.seen, 1), np.nan)


class Engine(ABC):
    """A population of P networks of one shape on one device.

    The course of a training run: ``load`` the splits, ``set_parameters``, then for every epoch
    ``begin_epoch``, ``train`` in as many calls as one likes, ``metrics``, ``evaluate``.

    Args:
        network: the shape that all networks share.
        settings: one entry per network.
        optimizer: the update rule that all networks share.
        batch_size: samples per training step, B.
    """

    def __init__(
        self,
        network: NetworkSpec,
        settings: tuple[NetworkSettings, ...],
        optimizer: Optimizer,
        batch_size: int,
    ) -> None:
        self.network = network
        self.settings = settings
        self.optimizer = optimizer
        self.batch_size = batch_size

    @property
    def population(self) -> int:
        """Networks side by side, P."""
        return len(self.settings)

    @property
    @abstractmethod
    def device(self) -> DeviceInfo:
        """What carries out the work."""

    @abstractmethod
    def load(self, split: Split, samples: Samples) -> None:
        """Put a split where the device can read it; it replaces an earlier one of that name.

        Raises:
            DeviceError: it does not fit.
        """

    @abstractmethod
    def set_parameters(self, parameters: NDArray[np.float32]) -> None:
        """Set all weights and biases (P, N) and forget the optimizer's moments."""

    @abstractmethod
    def parameters(self) -> NDArray[np.float32]:
        """A copy of all weights and biases (P, N), laid out as ``parameters`` says."""

    @abstractmethod
    def set_moments(self, moments: NDArray[np.float32]) -> None:
        """Set the optimizer's moments (M, P, N), M as ``moments`` gives."""

    @abstractmethod
    def moments(self) -> NDArray[np.float32]:
        """A copy of the optimizer's moments (M, P, N).

        M is 2 for Adam (first, second), 1 for SGD with momentum (velocity), 0 for plain SGD.
        """

    @abstractmethod
    def begin_epoch(
        self, order: NDArray[np.uint32], schedule: NDArray[np.float32], first_step: int
    ) -> None:
        """Start an epoch over the training split; metrics count from zero.

        Args:
            order: (P, n) the rows of the training split in the order of this epoch.
            schedule: (P, S, 4) per step the learning rate, the factors that undo the bias of
                the first and second moment, and a reserved zero; S = ceil(n / B).
            first_step: steps taken before this epoch; dropout is keyed by it.
        """

    @abstractmethod
    def train(self, steps: int) -> None:
        """Take the epoch's next steps; it may return before the device has finished them."""

    @abstractmethod
    def metrics(self) -> Metrics:
        """The epoch's sums so far, once all steps that were asked for are done."""

    @abstractmethod
    def evaluate(self, split: Split) -> Metrics:
        """Loss and hits over a whole split, without dropout."""

    @abstractmethod
    def predict(self, split: Split) -> NDArray[np.float32]:
        """(P, n, C) the probabilities of every class for every sample of a split."""

    def close(self) -> None:  # noqa: B027 - an engine without a device holds nothing
        """Give back what the device holds; the engine cannot be used afterwards."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def step_schedule(
    settings: tuple[NetworkSettings, ...],
    learning_rates: NDArray[np.float64],
    first_step: int,
) -> NDArray[np.float32]:
    """What ``begin_epoch`` takes as schedule (P, S, 4), from the learning rates (P, S).

    The factors 1 / (1 - beta**t), with t counting steps from 1, are those of Kingma & Ba,
    "Adam", 2015, algorithm 1. They are computed here in float64, since float32 loses half its
    digits in 1 - 0.999**1.
    """
    step = first_step + 1 + np.arange(learning_rates.shape[1], dtype=np.float64)  # (S,)
    beta1 = np.array([[network.beta1] for network in settings])  # (P, 1)
    beta2 = np.array([[network.beta2] for network in settings])  # (P, 1)
    corrections = (1 / (1 - beta1**step), 1 / (1 - beta2**step))  # (P, S) each
    zero = np.zeros_like(learning_rates)
    return np.stack([learning_rates, *corrections, zero], axis=2).astype(np.float32)
