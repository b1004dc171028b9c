"""How the learning rate changes from step to step: schedules, warm-up, restarts and ``plateau``.

``stopping`` defines the monitored metric.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpunet.config import TrainConfig
from gpunet.training.stopping import Improvements

__all__ = ["Plateau", "epoch_learning_rates"]

RISE = 0.3
"""The share of the steps in which ``one-cycle`` rises, as in PyTorch's ``OneCycleLR``."""

START_DIVISOR = 25.0
"""``one-cycle`` starts at its peak divided by this, as in PyTorch."""


def epoch_learning_rates(
    config: TrainConfig, epoch: int, steps: int, reductions: int = 0
) -> NDArray[np.float64]:
    """The learning rate (1, S) of every step of an epoch.

    With the rate r, the final rate f, the decay d in every E epochs, the time t in epochs since
    the start or the last restart, and T epochs in all or between restarts:

    - ``constant``: r
    - ``step``: r d**floor(t / E), where t counts whole epochs (PyTorch's ``StepLR``)
    - ``exponential``: r d**(t / E) (Keras' ``ExponentialDecay``)
    - ``inverse-time``: r / (1 + (1/d - 1) t / E), which is r d at t = E (Keras'
      ``InverseTimeDecay`` with the decay rate 1/d - 1)
    - ``inverse-power``: r / (1 + n t)**p, where t counts whole epochs of n samples, in whole
      batches (scikit-learn's ``invscaling``)
    - ``linear``: r + (f - r) t / T
    - ``cosine``: f + (r - f) (1 + cos(pi t / T)) / 2 (Loshchilov & Hutter, "SGDR: Stochastic
      Gradient Descent with Warm Restarts", 2017, equation 5)
    - ``coslog4``: f + (r - f) (1 - cos(2 pi log2(1 + 15 t / T))) / 2, four rises from f to r and
      back, each twice as long as the one before (Holzmueller et al., "Better by Default", 2024,
      section 3)
    - ``one-cycle``: rises from r/25 to r in the first 30 % of the steps and falls to f in the
      others, both by half a cosine (Smith & Topin, "Super-Convergence", 2018; PyTorch's
      ``OneCycleLR``)
    - ``plateau``: r d**n after n reductions (PyTorch's ``ReduceLROnPlateau``)

    Schedules that decay by d never fall below f. A restart sets t to 0 and r to the restart's rate.
    A warm-up of W steps multiplies the rate of step i, counted from 0, by (i + 1) / (W + 1) while
    i < W (Goyal et al., "Accurate, Large Minibatch SGD", 2017, section 2.2).

    Args:
        config: has the schedule, the rates and the epochs.
        epoch: counted from 1.
        steps: the steps of an epoch, S.
        reductions: how often ``plateau`` has reduced the rate so far.
    """
    started, rate = _start(config, epoch)
    if config.schedule == "constant" and not config.warmup:
        return np.full((1, steps), rate)
    step = (epoch - 1 - started) * steps + np.arange(steps)[None]  # (1, S) since the start
    rates = _scheduled(config, rate, step, steps, reductions)
    return rates * _warm_up(config, epoch, steps)


def _start(config: TrainConfig, epoch: int) -> tuple[int, float]:
    """Epochs done when the schedule last started, and its rate then."""
    every = config.restart_every
    if not every or epoch <= every:
        return 0, config.effective_learning_rate
    return (epoch - 1) // every * every, config.effective_restart_lr


def _scheduled(
    config: TrainConfig, rate: float, step: NDArray[np.int64], steps: int, reductions: int
) -> NDArray[np.float64]:
    """The rates of these steps (1, S), counted from the schedule's start, before any warm-up."""
    span = config.restart_every or config.effective_epochs
    done = step / (span * steps)  # (1, S) from 0 to below 1
    periods = step / (config.effective_lr_decay_every * steps)  # (1, S)
    final, decay = config.lr_final, config.lr_decay
    match config.schedule:
        case "constant":
            return np.full(step.shape, rate)
        case "linear":
            return rate + (final - rate) * done
        case "cosine":
            return _half_cosine(rate, final, done)
        case "coslog4":
            return _half_cosine(final, rate, 2 * np.log2(1 + 15 * done))
        case "one-cycle":
            return _one_cycle(rate, final, step, span * steps)
        case "step":
            rates = rate * decay ** np.floor(periods)
        case "exponential":
            rates = rate * decay**periods
        case "inverse-time":
            rates = rate / (1 + (1 / decay - 1) * periods)
        case "inverse-power":
            seen = step // steps * steps * config.batch_size
            rates = np.asarray(rate / (1.0 + seen) ** config.lr_power, np.float64)
        case "plateau":
            rates = np.full(step.shape, rate * decay**reductions)
    return np.maximum(rates, final)


def _half_cosine(first: float, last: float, done: NDArray[np.float64]) -> NDArray[np.float64]:
    """A cosine wave that is ``first`` where ``done`` is even and ``last`` where it is odd."""
    curve: NDArray[np.float64] = last + (first - last) * (1 + np.cos(np.pi * done)) / 2
    return curve


def _one_cycle(
    peak: float, final: float, step: NDArray[np.int64], total: int
) -> NDArray[np.float64]:
    """Rise by half a cosine, then fall by another to the final rate at the last step."""
    rise = max(1.0, RISE * total - 1)  # the step of the peak
    fall = max(1.0, total - 1 - rise)
    up = _half_cosine(peak / START_DIVISOR, peak, np.minimum(step / rise, 1.0))
    down = _half_cosine(peak, final, np.clip((step - rise) / fall, 0.0, 1.0))
    return np.where(step <= rise, up, down)


def _warm_up(config: TrainConfig, epoch: int, steps: int) -> NDArray[np.float64]:
    """The warm-up's factor (1, S) for the learning rate of each step of an epoch."""
    warming = round(config.warmup * steps)
    step = (epoch - 1) * steps + np.arange(steps)[None]  # (1, S) since training began
    return np.minimum((step + 1) / (warming + 1), 1.0)


class Plateau:
    """Counts the reductions of the rate, one whenever the monitored metric stops improving.

    The rate is reduced after ``lr_decay_every`` epochs in a row without an improvement; the count
    of epochs then starts again.
    """

    def __init__(self, config: TrainConfig) -> None:
        self.reductions = 0
        self._config = config
        self._improvements = Improvements(config)
        self._waited = 0

    def observe(self, metric: float) -> None:
        """Record an epoch's metric; smaller is better."""
        if self._improvements.observe(metric):
            self._waited = 0
            return
        self._waited += 1
        if self._waited >= self._config.effective_lr_decay_every:
            self._waited = 0
            self.reductions += 1

    @property
    def exhausted(self) -> bool:
        """Whether a reduction was due when the rate was already at or below ``lr_stop``."""
        config = self._config
        before = config.effective_learning_rate * config.lr_decay ** (self.reductions - 1)
        return config.schedule == "plateau" and self.reductions > 0 and before <= config.lr_stop
