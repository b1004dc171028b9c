"""Timing: how often to repeat work, and an engine's rounds on random samples."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gpunet.config import NetworkSpec
from gpunet.datasets.dataset import Samples
from gpunet.engine.interface import Engine

__all__ = [
    "MOST_SAMPLES",
    "Rounds",
    "begin_random_epoch",
    "random_labels",
    "random_samples",
    "repetitions",
]

MOST_REPETITIONS = 200
"""Most repetitions of work in one timing; only the fastest devices reach it."""

MOST_STEPS = 2000
"""Most steps in a round; only the fastest devices reach it."""

MOST_SAMPLES, MOST_BYTES = 16_384, 16 << 20
"""Most random samples and bytes, unless one batch is larger; further steps see samples again."""


def repetitions(once: float, wanted: float, most: int = MOST_REPETITIONS) -> int:
    """How often to repeat work of ``once`` seconds, for a timing of ``wanted`` seconds."""
    return max(1, min(most, round(wanted / max(once, 1e-7))))


def random_samples(
    network: NetworkSpec, count: int, *, floats: bool = False, weighted: bool = False
) -> Samples:
    """Draw ``count`` samples of random bytes, or of floats from 0 to 1, with random labels.

    Weights are from 0 to 2.
    """
    draws = np.random.default_rng(0)
    labels = random_labels(draws, network, count)
    features: NDArray[Any] = draws.integers(0, 256, (count, network.inputs), dtype=np.uint8)
    if floats:
        features = features.astype(np.float32) / np.float32(255)
    weights = draws.uniform(0, 2, count).astype(np.float32) if weighted else None
    return Samples(features, labels, weights)


def random_labels(draws: np.random.Generator, network: NetworkSpec, count: int) -> NDArray[Any]:
    """Draw labels that fit a network's loss: classes (n,), or labels or positive targets (n, T)."""
    size = count, network.outputs
    if network.kind == "labels":
        return draws.integers(0, 2, size).astype(np.float32)
    if network.kind == "measured":
        return draws.exponential(size=size).astype(np.float32)
    return draws.integers(0, network.outputs, count).astype(np.int32)


def begin_random_epoch(engine: Engine, steps: int, *, floats: bool = False) -> None:
    """Set an engine to the start of an epoch of ``steps`` steps on random samples."""
    network, batch = engine.network, engine.batch_size
    most = max(batch, min(MOST_SAMPLES, MOST_BYTES // network.inputs))
    count = min(steps * batch, most)
    order = np.random.default_rng(1).integers(0, count, (engine.population, steps * batch))
    engine.load("train", random_samples(network, count, floats=floats))
    engine.set_parameters(engine.initial_parameters())
    engine.begin_epoch(order.astype(np.uint32), np.full((engine.population, steps), 1e-3), 0)


@dataclass(slots=True)
class Rounds:
    """An engine's timed rounds; each repeats the start of the same training.

    Args:
        engine: trains any number of networks on random bytes.
        steps: steps per round.
        seconds: per step of all networks, one number for each round.
        host: share of the wall-clock time spent recording commands, one number for each round.
    """

    engine: Engine
    steps: int = 1
    seconds: list[float] = field(default_factory=list)
    host: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, engine: Engine, seconds: float) -> Self:
        """Rounds of about ``seconds``, or of one step if that takes longer, already compiled."""
        rounds = cls(engine)
        rounds.take()  # compiles
        for _ in range(2):
            rounds.take()
            rounds.steps = repetitions(rounds.seconds[-1], seconds, MOST_STEPS)
            if rounds.steps == 1:
                break
        rounds.seconds.clear()
        rounds.host.clear()
        return rounds

    def take(self) -> None:
        """Train one round and record its time."""
        engine = self.engine
        begin_random_epoch(engine, self.steps)
        engine.metrics()
        began = time.perf_counter()
        engine.train(self.steps)
        recorded = time.perf_counter()
        engine.metrics()
        wall = time.perf_counter() - began
        self.seconds.append(wall / self.steps)
        self.host.append((recorded - began) / wall)

    @property
    def step(self) -> float:
        """Seconds per step of all networks, the median of the rounds."""
        return median(self.seconds)
