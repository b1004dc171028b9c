"""What every engine offers: one population of networks, trained and evaluated on one device.

Axis 0 of parameters, moments and metrics is the population P; training one network is P = 1.
``reference`` is the specification of every number, ``wgpu_engine`` runs the same on an
adapter, and ``factory`` alone chooses between them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from gpunet.config import NetworkSpec, Optimizer, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.class_weights import class_weights
from gpunet.parameters import initial_parameters

__all__ = [
    "MOMENTS",
    "DeviceInfo",
    "Engine",
    "KernelTime",
    "Metrics",
    "NetworkSettings",
    "Population",
    "Rule",
    "Split",
    "networks_of",
    "step_schedule",
    "update_rule",
]

Rule = Literal["adam", "nadam", "sgd", "sgd_momentum", "sgd_nesterov", "rmsprop", "lion"]
"""How a gradient moves a parameter; AdamW is Adam with a weight decay."""

MOMENTS: Mapping[Rule, int] = {
    "adam": 2,
    "nadam": 2,
    "sgd": 0,
    "sgd_momentum": 1,
    "sgd_nesterov": 1,
    "rmsprop": 1,
    "lion": 1,
}
"""Number of moments that each update rule keeps for every parameter."""

ROUNDING = 1e-6
"""A sum of weights in float32 may differ from their sum in float64 by such a share."""

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
class NetworkSettings:
    """The hyperparameters of one network of a population.

    The learning rate is not among them: it comes step by step with the schedule.
    """

    seed: int
    dropout: float | tuple[float, ...] = 0.0
    input_dropout: float = 0.0
    momentum: float = 0.0
    nesterov: bool = False
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    l1: float = 0.0
    l2: float = 0.0
    l1_biases: float = 0.0
    l2_biases: float = 0.0
    max_norm: float = 0.0
    clip_value: float = 0.0
    clip_norm: float = 0.0
    label_smoothing: float = 0.0
    bias_rate: float = 1.0

    @classmethod
    def of(cls, config: TrainConfig) -> NetworkSettings:
        """The part of a configuration that the engine needs for one network."""
        return cls(**{field.name: config.in_effect(field.name) for field in fields(cls)})


@dataclass(frozen=True, slots=True, eq=False)
class Metrics:
    """Sums over the samples seen so far.

    Args:
        loss: (P,) float64, the sum of what the samples cost by the network's loss.
        correct: (P,) samples whose class, or all of whose labels, are answered correctly; where
            samples have weights, the sum of theirs. None are where targets are measured.
        seen: (P,) int64, samples counted.
        squared: (P,) float64, the sum of the squared errors of all measured targets.
        weight: (P,) float64, the sum of the weights of the samples counted; ``None`` where samples
            have none.
    """

    loss: NDArray[np.float64]
    correct: NDArray[np.int64] | NDArray[np.float64]
    seen: NDArray[np.int64]
    squared: NDArray[np.float64]
    weight: NDArray[np.float64] | None = None

    @classmethod
    def none(cls, population: int) -> Metrics:
        """The metrics of networks that have seen nothing yet."""
        nothing, zero = np.zeros(population, np.int64), np.zeros(population)
        return cls(zero, nothing, nothing, zero)

    def __add__(self, other: Metrics) -> Metrics:
        """The metrics of what was seen in one stretch and then in another."""
        return Metrics(
            self.loss + other.loss,
            self.correct + other.correct,
            self.seen + other.seen,
            self.squared + other.squared,
            None if self.weight is other.weight is None else self._counted + other._counted,
        )

    def since(self, earlier: Metrics) -> Metrics:
        """The metrics of what was seen after those that are a part of these."""
        weight = None if self.weight is earlier.weight is None else self._counted - earlier._counted
        with np.errstate(invalid="ignore"):  # infinite sums of a run that has diverged
            loss, squared = self.loss - earlier.loss, self.squared - earlier.squared
        correct, seen = self.correct - earlier.correct, self.seen - earlier.seen
        return Metrics(loss, correct, seen, squared, weight)

    def of(self, networks: Sequence[int]) -> Metrics:
        """The metrics of these networks alone."""
        own = list(networks)
        weight = None if self.weight is None else self.weight[own]
        return Metrics(self.loss[own], self.correct[own], self.seen[own], self.squared[own], weight)

    @property
    def _counted(self) -> NDArray[Any]:
        """(P,) what the samples seen count in all."""
        return self.seen if self.weight is None else self.weight

    def _mean(self, sums: NDArray[Any]) -> NDArray[np.float64]:
        """(P,) the weighted mean of what was summed; NaN where nothing was seen."""
        counted = np.where(self._counted > 0, self._counted, self.seen)
        none = np.full(len(sums), np.nan)
        return np.asarray(np.divide(sums, counted, out=none, where=self.seen > 0))

    @property
    def mean_loss(self) -> NDArray[np.float64]:
        """(P,) the mean loss; NaN where nothing was seen."""
        return self._mean(self.loss)

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """(P,) the fraction that is right; NaN where nothing was seen.

        Of weights it is 1 where it is so but for their rounding.
        """
        share = self._mean(self.correct)
        return share if self.weight is None else np.where(share > 1 - ROUNDING, 1, share)

    @property
    def mean_squared(self) -> NDArray[np.float64]:
        """(P,) the mean squared error, summed over the targets; NaN where nothing was seen."""
        return self._mean(self.squared)


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


class Population:
    """Networks of one shape side by side, and how each of them is trained.

    Args:
        network: the shape that all networks share.
        configs: how each of the P networks is trained, with one optimizer, one batch size and one
            ``rate_by_inputs`` for all; a single configuration stands for the networks of its
            ensemble.

    Raises:
        ValueError: there is no configuration, or they differ in what they must share.
    """

    def __init__(self, network: NetworkSpec, configs: TrainConfig | Sequence[TrainConfig]) -> None:
        self.network = network
        self.configs = networks_of(configs)
        shared = {(one.optimizer, one.batch_size, one.rate_by_inputs) for one in self.configs}
        if len(shared) != 1:
            raise ValueError(f"a population shares one optimizer and batch size, not {shared}")
        ((self.optimizer, self.batch_size, self.rate_by_inputs),) = shared
        self.settings = tuple(map(NetworkSettings.of, self.configs))

    @property
    def population(self) -> int:
        """Networks side by side, P."""
        return len(self.settings)

    @property
    def seeds(self) -> list[int]:
        """The seed of every network, in their order."""
        return [one.seed for one in self.settings]

    def initial_parameters(self) -> NDArray[np.float32]:
        """The weights (P, N) that the networks start with, by their settings and seeds."""
        own = ((self.network, one.initialization, [one.seed]) for one in self.configs)
        return np.concatenate([initial_parameters(*one) for one in own])

    @property
    def rule(self) -> Rule:
        """The update rule, as all networks of the population need it."""
        return update_rule(self.configs)

    def dropout_rates(self) -> NDArray[np.float32]:
        """The rate (P, H) of every network and hidden layer."""
        count = len(self.network.hidden)
        rates = [
            one.dropout if isinstance(one.dropout, tuple) else (one.dropout,) * count
            for one in self.settings
        ]
        return np.array(rates, dtype=np.float32).reshape(self.population, count)


class Engine(Population, ABC):
    """A population of P networks of one shape on one device.

    The order of calls: ``load`` the splits, ``set_parameters``, then for every epoch
    ``begin_epoch``, ``train`` in as many calls as one likes, ``metrics``, ``evaluate``. Between two
    epochs, networks that have ended are deactivated. Training samples that do not fit come in
    windows: each is loaded, and has a ``begin_epoch`` and ``metrics`` of its own.
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
        """Time every kernel of a training step, each over so many steps, in their order.

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


def update_rule(configs: Sequence[TrainConfig]) -> Rule:
    """The update rule that all networks of a population need together."""
    optimizer = configs[0].optimizer
    if optimizer == "adamw":
        return "adam"
    if optimizer == "sgd" and any(one.nesterov for one in configs):
        return "sgd_nesterov"
    if optimizer == "sgd" and any(one.momentum > 0 for one in configs):
        return "sgd_momentum"
    return optimizer


def networks_of(configs: TrainConfig | Sequence[TrainConfig]) -> tuple[TrainConfig, ...]:
    """One configuration for each network; a single one stands for its ensemble."""
    return configs.networks() if isinstance(configs, TrainConfig) else tuple(configs)


def step_schedule(
    settings: tuple[NetworkSettings, ...],
    learning_rates: NDArray[np.float64],
    first_step: int,
    optimizer: Optimizer,
) -> NDArray[np.float32]:
    """What engines take an epoch's steps by (P, S, 4), from the learning rates (P, S).

    The columns are the learning rate, and what Adam and Nadam multiply the first moment with,
    epsilon, and (Nadam alone) the gradient itself. Adam's are those of Kingma & Ba, "Adam", 2015,
    in the order of computation that the end of section 2 gives: with t counting steps from 1,
    sqrt(1 - beta2**t) / (1 - beta1**t) and sqrt(1 - beta2**t). In Nadam's, of Dozat,
    "Incorporating Nesterov Momentum into Adam", 2016, algorithm 8, with the momentum schedule of
    Sutskever 2013 as Keras and PyTorch take it, the second moment is corrected likewise. They are
    computed here in float64, since float32 loses half its digits in 1 - 0.999**1; but from the
    betas in float32, as the engines sum the moments with them: between the two, 1 - 0.999 differs
    by 1.3e-5 of itself.
    """
    step = first_step + 1 + np.arange(learning_rates.shape[1], dtype=np.float64)  # (S,)
    betas = np.array([[one.beta1, one.beta2] for one in settings], dtype=np.float32)
    beta1, beta2 = np.hsplit(betas.astype(np.float64), 2)  # (P, 1) each
    first, gradient = 1 / (1 - beta1**step), np.zeros_like(learning_rates)  # (P, S) each
    if optimizer == "nadam":
        first, gradient = _nadam_factors(beta1, step)
    root = np.sqrt(1 - beta2**step)
    columns = (learning_rates, root * first, root, root * gradient)
    return np.stack(columns, axis=2).astype(np.float32)


def _nadam_factors(
    beta1: NDArray[np.float64], step: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nadam's factors (P, S) of the first moment and of the gradient."""
    every = np.arange(1, step[-1] + 2)  # (t + 1,) from the first step to the one after the last
    momentum = beta1 * (1 - 0.5 * 0.96 ** (every * 0.004))  # (P, t + 1)
    product = np.cumprod(momentum, axis=1)
    now = np.s_[:, int(step[0]) - 1 : int(step[-1])]
    after = np.s_[:, int(step[0]) : int(step[-1]) + 1]
    return momentum[after] / (1 - product[after]), (1 - momentum[now]) / (1 - product[now])
