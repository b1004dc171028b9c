"""Networks of one shape that are trained side by side: their settings and their update rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.parameters import initial_parameters

__all__ = ["MOMENTS", "NetworkSettings", "Population", "Rule", "networks_of", "update_rule"]

Rule = Literal["adam", "nadam", "sgd", "sgd_momentum", "sgd_nesterov", "rmsprop", "lion"]
"""How a gradient updates a parameter; AdamW is Adam with weight decay."""

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


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """The hyperparameters of one network of a population.

    The learning rate is missing: the schedule gives it for each step.
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
        """The settings of a configuration that an engine needs for one network."""
        return cls(**{field.name: config.in_effect(field.name) for field in fields(cls)})


class Population:
    """Networks of one shape side by side, and how each is trained.

    Args:
        network: the shape that all networks share.
        configs: how each of the P networks is trained; all share the optimizer, the batch size and
            ``rate_by_inputs``. A single configuration stands for all networks of its ensemble.

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
        """The number of networks, P."""
        return len(self.settings)

    @property
    def seeds(self) -> list[int]:
        """The seed of every network, in order."""
        return [one.seed for one in self.settings]

    def initial_parameters(self) -> NDArray[np.float32]:
        """The initial weights and biases (P, N), from the networks' settings and seeds."""
        own = ((self.network, one.initialization, [one.seed]) for one in self.configs)
        return np.concatenate([initial_parameters(*one) for one in own])

    @property
    def rule(self) -> Rule:
        """The update rule that covers all networks of the population."""
        return update_rule(self.configs)

    def dropout_rates(self) -> NDArray[np.float32]:
        """The dropout rate (P, H) of every network and hidden layer."""
        count = len(self.network.hidden)
        rates = [
            one.dropout if isinstance(one.dropout, tuple) else (one.dropout,) * count
            for one in self.settings
        ]
        return np.array(rates, dtype=np.float32).reshape(self.population, count)


def update_rule(configs: Sequence[TrainConfig]) -> Rule:
    """The update rule that covers all networks of a population."""
    optimizer = configs[0].optimizer
    if optimizer == "adamw":
        return "adam"
    if optimizer == "sgd" and any(one.nesterov for one in configs):
        return "sgd_nesterov"
    if optimizer == "sgd" and any(one.momentum > 0 for one in configs):
        return "sgd_momentum"
    return optimizer


def networks_of(configs: TrainConfig | Sequence[TrainConfig]) -> tuple[TrainConfig, ...]:
    """One configuration per network; a single one stands for all networks of its ensemble."""
    return configs.networks() if isinstance(configs, TrainConfig) else tuple(configs)
