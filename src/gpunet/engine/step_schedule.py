"""The factors of an update rule that change each step: learning rate and Adam's corrections."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpunet.config import Optimizer
from gpunet.engine.population import NetworkSettings

__all__ = ["step_schedule"]


def step_schedule(
    settings: tuple[NetworkSettings, ...],
    learning_rates: NDArray[np.float64],
    first_step: int,
    optimizer: Optimizer,
) -> NDArray[np.float32]:
    """The factors (P, S, 4) of an epoch's steps, from the learning rates (P, S).

    The columns are the learning rate, and the factors of Adam and Nadam for the first moment, for
    epsilon, and (Nadam only) for the gradient itself. Adam's are those of Kingma & Ba, "Adam",
    2015, in the order of computation at the end of section 2: with steps t counted from 1,
    sqrt(1 - beta2**t) / (1 - beta1**t) and sqrt(1 - beta2**t). Nadam's are those of Dozat,
    "Incorporating Nesterov Momentum into Adam", 2016, algorithm 8, with the momentum schedule of
    Sutskever 2013 as in Keras and PyTorch; the second moment is corrected as in Adam.

    The factors are computed in float64, since float32 loses half its digits in 1 - 0.999**1, but
    from the betas in float32, with which the engines compute the moments: the two values of
    1 - 0.999 differ by a relative 1.3e-5.
    """
    step = first_step + 1 + np.arange(learning_rates.shape[1], dtype=np.float64)  # (S,)
    betas = np.array([[one.beta1, one.beta2] for one in settings], dtype=np.float32)
    beta1, beta2 = np.hsplit(betas.astype(np.float64), 2)  # (P, 1) each
    first, gradient = 1 / (1 - beta1**step), np.zeros_like(learning_rates)  # (P, S) each
    if optimizer == "nadam":
        first, gradient = _nadam_factors(beta1, step)
    root = np.sqrt(1 - beta2**step)
    columns = (learning_rates, root * first, root, root * gradient)
    return np.stack(columns, axis=2).astype(np.float32)


def _nadam_factors(
    beta1: NDArray[np.float64], step: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nadam's factors (P, S) of the first moment and of the gradient."""
    every = np.arange(1, step[-1] + 2)  # (t + 1,) from the first step to the one after the last
    momentum = beta1 * (1 - 0.5 * 0.96 ** (every * 0.004))  # (P, t + 1)
    product = np.cumprod(momentum, axis=1)
    now = np.s_[:, int(step[0]) - 1 : int(step[-1])]
    after = np.s_[:, int(step[0]) : int(step[-1]) + 1]
    return momentum[after] / (1 - product[after]), (1 - momentum[now]) / (1 - product[now])
