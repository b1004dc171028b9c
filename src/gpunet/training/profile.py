"""Where the time of a training step goes: kernel by kernel, and between the device and its host.

It is measured before a training, on an engine of its own, so that the trained one is not touched.
How kernels are timed is the engines' business; how the times are shown belongs to ``terminal``.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain
from statistics import median

import numpy as np

from gpunet.datasets.dataset import Samples
from gpunet.engine.interface import DeviceInfo, Engine, KernelTime
from gpunet.engine.timing import repetitions
from gpunet.engine.wgpu.roofline import Roofline
from gpunet.training.batches import epoch_order, steps_per_epoch
from gpunet.training.pace import Pace
from gpunet.training.schedules import epoch_learning_rates

__all__ = ["Profile", "measure_profile"]

WARM_UP_SECONDS = 0.3
"""Seconds of training before the measured epoch, to compile shaders and to find the pace."""

EPOCH_SECONDS = 3.0
"""Seconds after which the measured epoch is cut short."""

SECONDS_A_CALL = 0.12
"""Seconds of work after which the loop reads a device's metrics, as assumed here."""

KERNEL_SECONDS = 0.1
"""Seconds for which a kernel is repeated in one timing, about."""

TIMINGS = 3
"""Timings of a kernel, of which the median counts."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Where the time goes.

    Args:
        device: that was measured.
        kernels: of one step.
        roofline: what the device reaches at most.
        steps: of an epoch that was measured, or of its beginning.
        seconds: that these steps took by the wall clock, from drawing the order of the samples.
        busy_seconds: that the device worked meanwhile; ``None`` if it has no clock, or is the
            host itself.
    """

    device: DeviceInfo
    kernels: tuple[KernelTime, ...]
    roofline: Roofline
    steps: int
    seconds: float
    busy_seconds: float | None

    @property
    def step_seconds(self) -> float:
        """What a step took by the wall clock."""
        return self.seconds / self.steps

    @property
    def kernel_seconds(self) -> float:
        """What the kernels of one step took, one by one."""
        return sum(one.seconds for one in self.kernels)

    @property
    def host_share(self) -> float | None:
        """The fraction of the time in which the device waited for its host."""
        if self.busy_seconds is None:
            return None
        return max(0.0, 1 - self.busy_seconds / self.seconds)

    def share(self, kernel: KernelTime) -> float:
        """The fraction of all kernels' time that one takes."""
        return kernel.seconds / self.kernel_seconds

    def of_roofline(self, kernel: KernelTime) -> float | None:
        """The least time that the device could take, as a fraction of what it takes.

        ``None`` where operations and bytes are not counted.
        """
        if kernel.operations is None or kernel.traffic is None:
            return None
        return self.roofline.seconds(kernel.operations, kernel.traffic) / kernel.seconds


def measure_profile(
    engine: Engine,
    roofline: Roofline,
    training: Samples,
    tell: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Profile:
    """Measure up to an epoch, then every kernel by itself.

    The engine is of no further use afterwards. ``tell`` is called with what is under way, how often
    it was done and how often it will be.
    """
    tell("training, up to an epoch", 0, 0)
    engine.load("train", training)
    engine.set_parameters(engine.initial_parameters())
    engine.clocked, pace = True, Pace(SECONDS_A_CALL)
    _take_steps(engine, training, pace, WARM_UP_SECONDS)
    began = time.perf_counter()
    steps = _take_steps(engine, training, pace, EPOCH_SECONDS)
    seconds = time.perf_counter() - began
    busy = engine.busy_seconds()
    repeats = max(1, min(steps - 2, repetitions(seconds / steps, KERNEL_SECONDS)))
    taken = []
    for done in range(TIMINGS):
        tell("timing every kernel", done, TIMINGS)
        _begin_epoch(engine, training)
        taken.append(engine.time_kernels(repeats))
    seconds_of = defaultdict(list)
    for one in chain.from_iterable(taken):  # numpy's come in another order each time
        seconds_of[one.label].append(one.seconds)
    kernels = tuple(replace(one, seconds=median(seconds_of[one.label])) for one in taken[0])
    return Profile(engine.device, kernels, roofline, steps, seconds, busy)


def _take_steps(engine: Engine, training: Samples, pace: Pace, seconds: float) -> int:
    """Begin an epoch and take its steps as the loop does, for so long; how many there were."""
    began, done = time.perf_counter(), 0
    steps = _begin_epoch(engine, training)
    while done == 0 or (done < steps and time.perf_counter() - began < seconds):
        count = min(pace.steps, steps - done)
        called = time.perf_counter()
        engine.train(count)
        engine.metrics()
        pace.update(count, time.perf_counter() - called)
        done += count
    return done


def _begin_epoch(engine: Engine, training: Samples) -> int:
    """Begin the first epoch; its steps."""
    steps = steps_per_epoch(len(training), engine.batch_size)
    rates = np.tile(epoch_learning_rates(engine.configs[0], 1, steps), (engine.population, 1))
    engine.begin_epoch(epoch_order(engine.seeds, 1, len(training)), rates, 0)
    return steps
