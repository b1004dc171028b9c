"""Finds out by a short trial whether a software adapter or numpy trains a network faster.

Both run on the processor, and which is faster depends on the network. The result is kept, so that
the same command uses the same device again and gives the same bits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.engine.interface import DeviceInfo, Engine
from gpunet.engine.measurements import Measurements
from gpunet.engine.population import NetworkSettings
from gpunet.engine.reference.numpy_engine import numpy_device, processors
from gpunet.engine.timing import Rounds

__all__ = ["FILE", "Trial", "TrialCache", "race", "work_key"]

FILE = "devices.json"
"""The file that keeps trials; remove it to repeat them all."""

CLEARLY_FASTER = 1.2
"""An adapter is chosen if it is this many times as fast as numpy; timings vary nearly as much."""

ROUNDS = 9
"""Timings of each engine, in turns; the median counts."""

MOST_TIMES = 4
"""Most times that ``ROUNDS`` timings of each engine are taken."""

SECONDS_A_ROUND = 0.03

PATIENCE = 4.0
"""Seconds for all rounds; if steps are long, fewer rounds are taken, but at least three."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The time of a training step on an adapter and on numpy.

    Args:
        numpy: seconds of a step on numpy.
        adapter: seconds of a step on the adapter.
        known: whether an earlier run measured it.
    """

    numpy: float
    adapter: float
    known: bool = False

    @property
    def adapter_wins(self) -> bool:
        """Whether the adapter is clearly faster."""
        return self.numpy >= CLEARLY_FASTER * self.adapter


def race(numpy: Engine, adapter: Engine) -> Trial:
    """Time the steps of two engines in turns; the first round is a warm-up and does not count.

    If the fastest rounds and the medians disagree about the winner, something else has used the
    processor, and further rounds are taken.
    """
    contenders = [Rounds.of(engine, SECONDS_A_ROUND) for engine in (numpy, adapter)]
    expected = 0.0
    for one in contenders:
        one.take()
        expected += one.step * one.steps
    rounds = max(3, min(ROUNDS, int(PATIENCE / expected)))
    for turn in range(1, MOST_TIMES * rounds):
        for one in contenders:
            one.take()
        medians, fastest = (
            Trial(typical(contenders[0].seconds), typical(contenders[1].seconds))
            for typical in (median, min)
        )
        if turn % rounds == rounds - 1 and medians.adapter_wins == fastest.adapter_wins:
            break
    return medians


class TrialCache:
    """The trials of one adapter against numpy on this processor."""

    def __init__(self, info: DeviceInfo, file: str | Path = FILE) -> None:
        numpy = numpy_device()
        rival = f"; {numpy}, {numpy.driver}, {processors()} processors"
        self._kept = Measurements(info, file, rival)

    def trial(self, work: str) -> Trial | None:
        """The trial of this work; ``None`` if there was none, or its entry is damaged."""
        seconds = self._kept.get(work)
        if not isinstance(seconds, list) or len(seconds) != 2:
            return None
        if not all(isinstance(one, float) and 0 < one < 1e9 for one in seconds):
            return None
        return Trial(seconds[0], seconds[1], known=True)

    def keep(self, work: str, trial: Trial) -> None:
        """Remember a trial, also in the file if it can be written."""
        self._kept.keep(work, [trial.numpy, trial.adapter])


def work_key(network: NetworkSpec, configs: Sequence[TrainConfig]) -> str:
    """A key shared by all trainings whose steps cost the same.

    Seeds and rates change no cost; dropout, penalties and bounds do, once any network uses them.
    """
    first, settings = configs[0], [NetworkSettings.of(one) for one in configs]
    names = [one.name for one in fields(NetworkSettings) if one.name != "seed"]
    used = [name for name in names if any(getattr(one, name) for one in settings)]
    digest = hashlib.sha256(repr((network, used)).encode()).hexdigest()[:16]
    networks = f"{len(settings)} of " if len(settings) > 1 else ""
    return f"{networks}{network}, batch {first.batch_size}, {first.optimizer}, {digest}"
