"""The specification of the update rules: one function per file in ``shaders/optimizer``.

Each function has the file's name. It updates the parameters (P, N) and its moments (M, P, N) in
place with the gradient (P, N).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import EllipsisType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.engine.population import NetworkSettings, Rule

__all__ = ["RULES", "Factors", "blocks", "optimize"]

Floats = NDArray[np.floating[Any]]
"""Float32 in the engine, float64 in the gradient checks."""

BLOCK = 65_536
"""Parameters updated at a time: enough that numpy's calls cost little, few enough that one call's
results are still in the processor's cache for the next."""


@dataclass(slots=True, eq=False)
class Factors:
    """The factors of one step, all (P, 1): a row of the schedule, and each network's settings.

    The first four come from ``step_schedule``.
    """

    rate: Floats
    first: Floats
    root: Floats
    gradient: Floats
    momentum: Floats
    beta1: Floats
    beta2: Floats
    epsilon: Floats

    @classmethod
    def of(cls, settings: tuple[NetworkSettings, ...], step: Floats) -> Factors:
        """The factors for a row (P, 4) of the schedule."""

        def column(name: str) -> Floats:
            return np.array([getattr(one, name) for one in settings], dtype=step.dtype)[:, None]

        rate, first, root, gradient = step.T[..., None]
        own = {name: column(name) for name in ("momentum", "beta1", "beta2", "epsilon")}
        return cls(rate, first, root, gradient, **own)

    def at(self, step: Floats) -> Factors:
        """These networks' factors for another row (P, 4) of the schedule."""
        rate, first, root, gradient = step.T[..., None]
        own = self.momentum, self.beta1, self.beta2, self.epsilon
        return Factors(rate, first, root, gradient, *own)


def blocks(parameters: Floats) -> Iterator[tuple[EllipsisType, slice]]:
    """Slices of parameters, gradient or moments (..., P, N), each small enough for the cache."""
    columns = max(1, BLOCK // len(parameters))
    for start in range(0, parameters.shape[1], columns):
        yield np.s_[..., start : start + columns]


def optimize(
    rule: Rule,
    parameters: Floats,
    gradient: Floats,
    moments: Floats,
    factors: Factors,
    shares: Floats | None = None,
) -> None:
    """Take one step of a rule, in place; ``shares`` (P, N), if given, scale the learning rate."""
    for part in blocks(parameters):
        own = factors if shares is None else replace(factors, rate=factors.rate * shares[part])
        RULES[rule](parameters[part], gradient[part], moments[part], own)


def sgd(parameters: Floats, gradient: Floats, moments: Floats, factors: Factors) -> None:
    """Plain gradient descent; it has no moments."""
    parameters -= factors.rate * gradient


def sgd_momentum(parameters: Floats, gradient: Floats, moments: Floats, factors: Factors) -> None:
    """Gradient descent with momentum: the velocity sums plain gradients.

    Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013,
    with the rate applied outside, as PyTorch does.
    """
    velocity = moments[0]
    velocity *= factors.momentum
    velocity += gradient
    parameters -= factors.rate * velocity


def sgd_nesterov(parameters: Floats, gradient: Floats, moments: Floats, factors: Factors) -> None:
    """Nesterov's momentum, in the form of Sutskever et al. 2013 that PyTorch uses."""
    velocity = moments[0]
    velocity *= factors.momentum
    velocity += gradient
    parameters -= factors.rate * (gradient + factors.momentum * velocity)


def adam(parameters: Floats, gradient: Floats, moments: Floats, factors: Factors) -> None:
    """Adam: Kingma & Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1.

    Both bias corrections are made once per step, in its size and in epsilon (end of section 2).
    """
    first, second = moments
    news = gradient * (1 - factors.beta1)  # one array for all that follows, to stay in the cache
    first *= factors.beta1
    first += news
    np.multiply(gradient, gradient, out=news)
    news *= 1 - factors.beta2
    second *= factors.beta2
    second += news
    change = np.sqrt(second, out=news)
    change += factors.epsilon * factors.root
    np.divide(first, change, out=change)
    change *= factors.rate * factors.first
    parameters -= change


def nadam(parameters: Floats, gradient: Floats, moments: Floats, factors: Factors) -> None:
    """Adam with Nesterov's momentum: Dozat 2016, algorithm 8."""
    _decay(moments[0], gradient, factors.beta1)
    _decay(moments[1], gradient * gradient, factors.beta2)
    denominator = np.sqrt(moments[1]) + factors.epsilon * factors.root
    ahead = moments[0] * (factors.rate * factors.first)
    ahead += gradient * (factors.rate * factors.gradient)
    parameters -= ahead / denominator


def rmsprop(parameters: Floats, gradient: Floats, moments: Floats, factors: Factors) -> None:
    """RMSprop: Tieleman & Hinton, "Lecture 6.5", 2012."""
    _decay(moments[0], gradient * gradient, factors.beta2)
    parameters -= factors.rate * gradient / (np.sqrt(moments[0]) + factors.epsilon)


def lion(parameters: Floats, gradient: Floats, moments: Floats, factors: Factors) -> None:
    """Lion: Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023, algorithm 2."""
    blend = factors.beta1 * moments[0] + (1 - factors.beta1) * gradient
    parameters -= factors.rate * np.sign(blend)
    _decay(moments[0], gradient, factors.beta2)


def _decay(moment: Floats, news: Floats, beta: Floats) -> None:
    moment *= beta
    moment += (1 - beta) * news


RULES: Mapping[Rule, Callable[[Floats, Floats, Floats, Factors], None]] = {
    "sgd": sgd,
    "sgd_momentum": sgd_momentum,
    "sgd_nesterov": sgd_nesterov,
    "adam": adam,
    "nadam": nadam,
    "rmsprop": rmsprop,
    "lion": lion,
}
