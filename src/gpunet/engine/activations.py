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

LARGEST_TANH_INPUT = 15.0
"""Beyond it tanh is 1 to float32; some drivers' tanh overflows for large arguments."""

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
    slopes = np.where(sums > 0, sums.dtype.type(1), sums.dtype.type(slope))
    return sums * slopes, slopes


def elu(sums: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """The sum x above 0, exp(x) - 1 below (Clevert et al., "ELU", 2016, alpha 1)."""
    below = np.exp(np.minimum(sums, 0))
    return np.where(sums > 0, sums, below - 1), np.where(sums > 0, sums.dtype.type(1), below)


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
    outputs = np.tanh(np.clip(sums, -LARGEST_TANH_INPUT, LARGEST_TANH_INPUT))
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
    share = ((1 + _erf(sums * math.sqrt(0.5))) / 2).astype(sums.dtype)
    density = np.exp(-sums * sums / 2) * sums.dtype.type(1 / math.sqrt(2 * math.pi))
    return sums * share, share + sums * density


def gelu_tanh(sums: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """GELU by the approximation with tanh (Hendrycks & Gimpel, 2016, section 2)."""
    rate, cubic = sums.dtype.type(math.sqrt(2 / math.pi)), sums.dtype.type(0.044715)
    bent, slope = tanh(rate * (sums + cubic * sums**3))
    inner = rate * (1 + 3 * cubic * sums * sums)
    half = sums.dtype.type(0.5)
    return half * sums * (1 + bent), half * (1 + bent) + half * sums * slope * inner


def _logistic(sums: NDArray[Real]) -> NDArray[Real]:
    """1 / (1 + exp(-x)) without overflow."""
    small = np.exp(-np.abs(sums))
    outputs: NDArray[Real] = np.where(sums >= 0, 1, small) / (1 + small)
    return outputs.astype(sums.dtype)


_erf = np.vectorize(math.erf, otypes=[np.float64])
"""numpy has no error function; Python's own is exact, if slow."""

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
