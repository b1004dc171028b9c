"""Many networks on the processor: groups of them, each small enough to stay in its cache.

``numpy_engine`` computes with all networks of a group at once, which saves calls where networks
are small. Sixteen of 784-128-10 in one group would take 1.8 times as long as one by one, since
every step would fetch all of them from memory. Here a group goes through all steps that it is
asked for before the next one begins.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.interface import (
    MOMENTS,
    DeviceInfo,
    Engine,
    KernelTime,
    Metrics,
    Rule,
    Split,
)
from gpunet.engine.planning.memory import require_host_memory
from gpunet.engine.reference.numpy_engine import NumpyEngine

__all__ = ["NumpyPopulation", "networks_together"]

CACHE = 1 << 20
"""Bytes of parameters, gradient and moments of a group: what a core's second cache may hold."""


def networks_together(network: NetworkSpec, rule: Rule) -> int:
    """How many such networks are best computed at once."""
    arrays = 2 + MOMENTS[rule]
    return max(1, CACHE // (4 * arrays * network.parameter_count))


class NumpyPopulation(Engine):
    """A population trained with numpy, group by group.

    Raises:
        DeviceError: the machine's memory does not hold it.
    """

    def __init__(self, network: NetworkSpec, configs: TrainConfig | Sequence[TrainConfig]) -> None:
        super().__init__(network, configs)
        require_host_memory(self.population, network, self.rule, self.batch_size)
        size = networks_together(network, self.rule)
        self._groups = [
            slice(first, min(first + size, self.population))
            for first in range(0, self.population, size)
        ]
        self._engines = [_Group(network, self.configs[group], self.rule) for group in self._groups]

    @property
    def device(self) -> DeviceInfo:
        """The processor."""
        return self._engines[0].device

    def load(self, split: Split, samples: Samples) -> None:
        """Keep the samples; nothing is copied."""
        for engine in self._engines:
            engine.load(split, samples)

    def set_parameters(self, parameters: NDArray[np.float32]) -> None:
        """Set all weights and biases (P, N) and forget the optimizer's moments."""
        for engine, group in zip(self._engines, self._groups, strict=True):
            engine.set_parameters(parameters[group])

    def parameters(self) -> NDArray[np.float32]:
        """A copy of all weights and biases (P, N)."""
        return np.concatenate([engine.parameters() for engine in self._engines])

    def set_moments(self, moments: NDArray[np.float32]) -> None:
        """Set the optimizer's moments (M, P, N)."""
        for engine, group in zip(self._engines, self._groups, strict=True):
            engine.set_moments(moments[:, group])

    def moments(self) -> NDArray[np.float32]:
        """A copy of the optimizer's moments (M, P, N)."""
        return np.concatenate([engine.moments() for engine in self._engines], axis=1)

    def deactivate(self, networks: Collection[int]) -> None:
        """Exclude these networks from the following epochs."""
        for engine, group in zip(self._engines, self._groups, strict=True):
            engine.deactivate([p - group.start for p in networks if group.start <= p < group.stop])

    def begin_epoch(
        self, order: NDArray[np.uint32], learning_rates: NDArray[np.float64], first_step: int
    ) -> None:
        """Start an epoch over the training split."""
        for engine, group in zip(self._engines, self._groups, strict=True):
            engine.class_weights = self.class_weights
            engine.begin_epoch(order[group], learning_rates[group], first_step)

    def train(self, steps: int) -> None:
        """Take the epoch's next steps."""
        for engine in self._engines:
            engine.train(steps)

    def metrics(self) -> Metrics:
        """The epoch's metrics so far."""
        return _joined([engine.metrics() for engine in self._engines])

    def evaluate(self, split: Split) -> Metrics:
        """Loss and hits over a whole split, without dropout."""
        return _joined([engine.evaluate(split) for engine in self._engines])

    def predict(self, split: Split) -> NDArray[np.float32]:
        """(P, n, C) the probabilities of every class for every sample of a split."""
        return np.concatenate([engine.predict(split) for engine in self._engines])

    def time_kernels(self, steps: int) -> tuple[KernelTime, ...]:
        """Time the kernels' functions by Python's profiler, all layers and groups together."""
        first, *others = [engine.time_kernels(steps) for engine in self._engines]
        for times in others:
            first = tuple(map(_sum, first, times))
        return first


class _Group(NumpyEngine):
    """Networks that are computed at once, by the rule of the whole population."""

    def __init__(self, network: NetworkSpec, configs: Sequence[TrainConfig], rule: Rule) -> None:
        self._rule = rule
        super().__init__(network, configs)

    @property
    def rule(self) -> Rule:
        """The update rule, as all networks of the population need it."""
        return self._rule


def _joined(metrics: list[Metrics]) -> Metrics:
    return Metrics(
        loss=np.concatenate([one.loss for one in metrics]),
        correct=np.concatenate([one.correct for one in metrics]),
        seen=np.concatenate([one.seen for one in metrics]),
    )


def _sum(one: KernelTime, other: KernelTime) -> KernelTime:
    def total(mine: int | None, theirs: int | None) -> int | None:
        return None if mine is None or theirs is None else mine + theirs

    return replace(
        one,
        seconds=one.seconds + other.seconds,
        operations=total(one.operations, other.operations),
        traffic=total(one.traffic, other.traffic),
    )
