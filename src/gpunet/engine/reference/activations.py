"""The activations' specification: one function per file in ``shaders/activation``, of its name.

Each takes sums of any shape and gives the outputs and their slopes there, both of that shape and
type.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["ACTIVATIONS", "activate"]

Real = TypeVar("Real", np.float32, np.float64)

LARGEST_EXPONENT = 88.0
"""The largest whole number whose exponential float32 holds."""

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
"""Klambauer et al., "Self-Normalizing Neural Networks", 2017, equation 14."""

SCALED_TANH = (1.7159, 2 / 3)
"""LeCun et al., "Efficient BackProp", 1998, section 4.4."""


def activate(
    sums: NDArray[Real], activation: str, leaky_slope: float
) -> tuple[NDArray[Real], NDArray[Real]]:
    """The activation of the sums and its slope there, both of the sums' shape."""
    if activation == "leaky_relu":
        return leaky_relu(sums, leaky_slope)
    return ACTIVATIONS[activation](sums)


def identity(sums: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """The sums themselves."""
    return sums, np.ones_like(sums)


def relu(sums: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """max(0, x); the slope at 0 is 0."""
    return np.maximum(sums, 0), (sums > 0).astype(sums.dtype)


def leaky_relu(sums: NDArray[Real], slope: float) -> tuple[NDArray[Real], NDArray[Real]]:
    """The sum x above 0, slope * x below (Maas et al., "Rectifier Nonlinearities", 2013)."""
    slopes = (sums > 0).astype(sums.dtype)
    np.maximum(slopes, slope, out=slopes)  # the slope below 0 is at most 1
    return sums * slopes, slopes


def elu(sums: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """The sum x above 0, exp(x) - 1 below (Clevert et al., "ELU", 2016, alpha 1)."""
    slopes = np.exp(np.minimum(sums, 0))
    return np.maximum(sums, slopes - 1), slopes


def selu(sums: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """ELU scaled so that layers keep mean 0 and variance 1 (Klambauer et al. 2017)."""
    scale, alpha = sums.dtype.type(SELU_SCALE), sums.dtype.type(SELU_SCALE * SELU_ALPHA)
    below = alpha * np.exp(np.minimum(sums, 0))
    return np.where(sums > 0, scale * sums, below - alpha), np.where(sums > 0, scale, below)


def sigmoid(sums: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """1 / (1 + exp(-x))."""
    outputs = _logistic(sums)
    return outputs, outputs * (1 - outputs)


def tanh(sums: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """The hyperbolic tangent."""
    outputs = np.tanh(sums)
    return outputs, 1 - outputs * outputs


def scaled_tanh(sums: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """1.7159 tanh(2x / 3) (LeCun et al. 1998)."""
    scale, rate = (sums.dtype.type(value) for value in SCALED_TANH)
    outputs, slopes = tanh(sums * rate)
    return scale * outputs, scale * rate * slopes


def softplus(sums: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """log(1 + exp(x)) (Dugas et al., 2001)."""
    return np.maximum(sums, 0) + np.log1p(np.exp(-np.abs(sums))), _logistic(sums)


def silu(sums: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """The sum times its sigmoid, also called swish (Ramachandran et al., 2017)."""
    gate = _logistic(sums)
    return sums * gate, gate * (1 + sums * (1 - gate))


def gelu(sums: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """The sum x times the normal distribution's share below x (Hendrycks & Gimpel, 2016)."""
    root, density = sums.dtype.type(math.sqrt(0.5)), sums.dtype.type(1 / math.sqrt(2 * math.pi))
    half = sums.dtype.type(0.5)
    share = half + half * _error_function(sums * root)
    bell = density * np.exp(-half * sums * sums)
    return sums * share, share + sums * bell


def gelu_tanh(sums: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """GELU by the approximation with tanh (Hendrycks & Gimpel, 2016, section 2)."""
    rate, cubic = sums.dtype.type(math.sqrt(2 / math.pi)), sums.dtype.type(0.044715)
    bent, slope = tanh(rate * (sums + cubic * sums * sums * sums))
    inner = rate * (1 + 3 * cubic * sums * sums)
    half = sums.dtype.type(0.5)
    return half * sums * (1 + bent), half * (1 + bent) + half * sums * slope * inner


def _logistic(sums: NDArray[Real]) -> NDArray[Real]:
    """1 / (1 + exp(-x)) without overflow."""
    outputs: NDArray[Real] = np.exp(-np.maximum(sums, -LARGEST_EXPONENT))
    outputs += 1
    return np.reciprocal(outputs, out=outputs)


def _error_function(values: NDArray[Real]) -> NDArray[Real]:
    """The error function, which numpy lacks.

    For float32 it is the shaders': Abramowitz & Stegun, "Handbook of Mathematical Functions",
    1964, formula 7.1.26, off by at most 1.5e-7. Float64 takes Python's, exact and slow.
    """
    result: NDArray[Real]
    if values.dtype == np.float64:
        result = np.vectorize(math.erf, otypes=[np.float64])(values)
        return result
    near = np.reciprocal(np.abs(values) * values.dtype.type(0.3275911) + 1)
    series = np.full_like(near, 1.061405429)
    for coefficient in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series *= near
        series += coefficient
    result = 1 - series * near * np.exp(-values * values)
    return np.copysign(result, values)


ACTIVATIONS: Mapping[str, Callable[[NDArray[Real]], tuple[NDArray[Real], NDArray[Real]]]] = {
    "relu": relu,
    "elu": elu,
    "selu": selu,
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "silu": silu,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "scaled_tanh": scaled_tanh,
    "softplus": softplus,
    "identity": identity,
}
