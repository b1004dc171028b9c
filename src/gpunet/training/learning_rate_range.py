"""The learning rate range test: finds the rates at which an untrained network learns.

Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, section 3.3. ``cli.find_lr``
draws the curve.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.dataset import Samples
from gpunet.engine.interface import Engine
from gpunet.errors import UsageError, spelled
from gpunet.training.batches import epoch_order, steps_per_epoch

__all__ = ["RangeTest", "find_learning_rate"]

STEPS = 150
"""Enough for a smooth curve, few enough for seconds of work."""

LOWEST, HIGHEST = 1e-6, 10.0
"""The range of rates; the test ends earlier if the loss explodes."""

SMOOTHING = 0.9
"""Weight of the earlier losses in the smoothed loss of each step."""

EXPLODED = 4.0
"""The test ends when the smoothed loss is above its minimum times this."""

MARGIN = 10.0
"""The suggested rate is the rate of the lowest loss divided by this, since learning already falters
there."""


@dataclass(frozen=True, slots=True, eq=False)
class RangeTest:
    """The result of the test, step by step.

    Args:
        learning_rates: (s,) the rate of each step, growing exponentially.
        losses: (s,) the loss of each step's batch, before the step; the last may be infinite or
            NaN.
        smoothed: (s,) the exponentially weighted mean of the losses.
        suggestion: a learning rate to train with.
    """

    learning_rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    smoothed: NDArray[np.float64]
    suggestion: float


def find_learning_rate(
    engine: Engine, training: Samples, tell: Callable[[int, int], None] = lambda done, total: None
) -> RangeTest:
    """Run the test from the initial weights, which the engine has again at the end.

    The engine is for one network; its learning rate and schedule do not matter. ``tell`` is called
    with the number of steps taken and the number of all steps.

    Raises:
        UsageError: the loss is infinite from the start, so that no rate can be suggested.
        DeviceError: the data do not fit the device, or the device is lost.
    """
    initial = engine.initial_parameters()
    engine.set_parameters(initial)
    engine.load("train", training)
    rates = LOWEST * (HIGHEST / LOWEST) ** (np.arange(STEPS) / (STEPS - 1))  # (s,)
    losses = _losses(engine, training, rates, tell)
    engine.set_parameters(initial)
    rates, smoothed = rates[: len(losses)], _smoothed(losses)
    if not np.isfinite(smoothed[0]):
        raise UsageError(
            "the loss is not finite before the first step, so no learning rate can be found; "
            f"scale the features, or try another {spelled('initialization')}"
        )
    suggestion = float(rates[np.nanargmin(smoothed)]) / MARGIN
    return RangeTest(rates, losses, smoothed, suggestion)


def _losses(
    engine: Engine,
    training: Samples,
    rates: NDArray[np.float64],
    tell: Callable[[int, int], None],
) -> NDArray[np.float64]:
    """The batch loss (s,) of every step, until it explodes."""
    per_epoch = steps_per_epoch(len(training), engine.batch_size)
    losses: list[float] = []
    for first in range(0, len(rates), per_epoch):
        part = rates[first : first + per_epoch]
        padded = np.pad(part, (0, per_epoch - len(part)), mode="edge")[None]  # (1, S)
        order = epoch_order(engine.seeds, 1 + first // per_epoch, len(training))
        engine.begin_epoch(order, padded, first)
        loss = seen = 0.0
        for _ in part:
            engine.train(1)
            metrics = engine.metrics()
            step_loss, step_seen = float(metrics.loss[0]) - loss, float(metrics.seen[0]) - seen
            loss, seen = loss + step_loss, seen + step_seen
            losses.append(step_loss / step_seen)
            tell(len(losses), len(rates))
            if _exploded(losses):
                return np.array(losses)
    return np.array(losses)


def _exploded(losses: list[float]) -> bool:
    if not math.isfinite(losses[-1]):
        return True
    smoothed = _smoothed(np.array(losses))
    return bool(smoothed[-1] > EXPLODED * smoothed.min())


def _smoothed(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Exponentially weighted means (s,), whose weights add up to 1 from the first one on."""
    means = np.empty_like(losses)
    mean = 0.0
    for step, loss in enumerate(losses):
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        means[step] = mean / (1 - SMOOTHING ** (step + 1))
    return means
