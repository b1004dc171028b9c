"""Where the time of a training step goes: kernel by kernel, and between the device and the host.

It is measured before the training, on a separate engine. Engines time their kernels; ``terminal``
shows the times.
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
"""Seconds of training before the measured epoch, to compile shaders and find the pace."""

EPOCH_SECONDS = 3.0
"""Seconds after which the measured epoch is cut short."""

SECONDS_A_CALL = 0.12
"""Seconds of work between two reads of a device's metrics, as in the training loop."""

KERNEL_SECONDS = 0.1
"""About how many seconds one timing repeats a kernel."""

TIMINGS = 3
"""Timings of each kernel; the median counts."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Where the time goes.

    Args:
        device: the measured device.
        kernels: the time of each kernel in one step.
        roofline: the device's peak performance.
        steps: the measured steps, at most one epoch.
        seconds: wall-clock time of these steps, including drawing the order of the samples.
        busy_seconds: time in which the device worked; ``None`` if it has no clock, or is the host
            itself.
    """

    device: DeviceInfo
    kernels: tuple[KernelTime, ...]
    roofline: Roofline
    steps: int
    seconds: float
    busy_seconds: float | None

    @property
    def step_seconds(self) -> float:
        """Wall-clock time of a step."""
        return self.seconds / self.steps

    @property
    def kernel_seconds(self) -> float:
        """The sum of the times of a step's kernels."""
        return sum(one.seconds for one in self.kernels)

    @property
    def host_share(self) -> float | None:
        """The fraction of the time in which the device waited for the host."""
        if self.busy_seconds is None:
            return None
        return max(0.0, 1 - self.busy_seconds / self.seconds)

    def share(self, kernel: KernelTime) -> float:
        """The fraction of all kernels' time that this kernel takes."""
        return kernel.seconds / self.kernel_seconds

    def of_roofline(self, kernel: KernelTime) -> float | None:
        """The shortest possible time of a kernel on this device, as a fraction of its actual time.

        ``None`` if operations and bytes are not counted.
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
    """Measure the steps of at most one epoch, then every kernel by itself.

    The engine cannot be used afterwards. ``tell`` is called with the current work, how often it is
    done and how often it will be.
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
    for one in chain.from_iterable(taken):  # numpy's order differs each time
        seconds_of[one.label].append(one.seconds)
    kernels = [replace(one, seconds=median(seconds_of[one.label])) for one in taken[0]]
    if engine.device.kind == "CPU":  # numpy's come in no order, so the longest stands first
        kernels.sort(key=lambda one: one.seconds, reverse=True)
    return Profile(engine.device, tuple(kernels), roofline, steps, seconds, busy)


def _take_steps(engine: Engine, training: Samples, pace: Pace, seconds: float) -> int:
    """Begin an epoch and take steps as the loop does, for ``seconds``; the number of steps."""
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
    """Begin the first epoch; the number of its steps."""
    steps = steps_per_epoch(len(training), engine.batch_size)
    rates = np.tile(epoch_learning_rates(engine.configs[0], 1, steps), (engine.population, 1))
    engine.begin_epoch(epoch_order(engine.seeds, 1, len(training)), rates, 0)
    return steps
