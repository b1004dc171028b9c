"""An engine of gpunet's own that is timed round by round, in turns with others."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from statistics import median
from typing import Self

import numpy as np

from gpunet.datasets.dataset import Samples
from gpunet.engine.interface import Engine
from gpunet.parameters import initial_parameters
from gpunet.training.batches import epoch_order

__all__ = ["MOST_STEPS", "Rounds"]

MOST_STEPS = 2000
"""Of a round, on the fastest device."""


@dataclass(slots=True)
class Rounds:
    """An engine's rounds, each of them the start of the same training.

    Args:
        engine: with any number of networks, trained on random bytes.
        steps: of a round.
        seconds: of a step of all networks, a figure a round.
        host: share of the wall clock in which commands were recorded, a figure a round.
    """

    engine: Engine
    steps: int = 2
    seconds: list[float] = field(default_factory=list)
    host: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, engine: Engine, seconds: float) -> Self:
        """Rounds of about so many seconds; everything is compiled."""
        rounds = cls(engine)
        for _ in range(3):
            rounds.take()
            rounds.steps = max(2, min(MOST_STEPS, round(seconds / rounds.seconds[-1])))
        rounds.seconds.clear()
        rounds.host.clear()
        return rounds

    def take(self) -> None:
        """Train so many steps and note what they took."""
        engine, networks = self.engine, range(self.engine.population)
        count = self.steps * engine.batch_size
        draws = np.random.default_rng(0)
        features = draws.integers(0, 256, (count, engine.network.inputs), dtype=np.uint8)
        labels = draws.integers(0, engine.network.classes, count).astype(np.int32)
        engine.load("train", Samples(features, labels))
        engine.set_parameters(initial_parameters(engine.network, "auto", networks))
        rates = np.full((len(networks), self.steps), 1e-3)
        engine.begin_epoch(epoch_order(networks, 1, count), rates, 0)
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
        """Seconds of a step of all networks, the median of the rounds."""
        return median(self.seconds)
