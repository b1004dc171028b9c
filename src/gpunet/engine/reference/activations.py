"""The specification of the activations: one function per file in ``shaders/activation``.

Each function has the file's name. It takes preactivations x of any shape and returns the outputs
and the derivatives at x, both in the shape and type of x.
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
    x: NDArray[Real], activation: str, leaky_slope: float
) -> tuple[NDArray[Real], NDArray[Real]]:
    """The named activation of the preactivations x and its derivative at x, in the shape of x."""
    if activation == "leaky_relu":
        return leaky_relu(x, leaky_slope)
    return ACTIVATIONS[activation](x)


def identity(x: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """The preactivations themselves."""
    return x, np.ones_like(x)


def relu(x: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """max(0, x); the derivative at 0 is 0."""
    return np.maximum(x, 0), (x > 0).astype(x.dtype)


def leaky_relu(x: NDArray[Real], slope: float) -> tuple[NDArray[Real], NDArray[Real]]:
    """The value x above 0, slope * x below (Maas et al., "Rectifier Nonlinearities", 2013)."""
    derivatives = (x > 0).astype(x.dtype)
    np.maximum(derivatives, slope, out=derivatives)  # the slope is at most 1
    return x * derivatives, derivatives


def elu(x: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """The value x above 0, exp(x) - 1 below (Clevert et al., "ELU", 2016, alpha 1)."""
    derivatives = np.exp(np.minimum(x, 0))
    return np.maximum(x, derivatives - 1), derivatives


def selu(x: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """ELU scaled so that layers keep mean 0 and variance 1 (Klambauer et al. 2017)."""
    scale, alpha = x.dtype.type(SELU_SCALE), x.dtype.type(SELU_SCALE * SELU_ALPHA)
    below = alpha * np.exp(np.minimum(x, 0))
    return np.where(x > 0, scale * x, below - alpha), np.where(x > 0, scale, below)


def sigmoid(x: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """1 / (1 + exp(-x))."""
    outputs = _logistic(x)
    return outputs, outputs * (1 - outputs)


def tanh(x: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """The hyperbolic tangent."""
    outputs = np.tanh(x)
    derivatives = outputs * outputs
    return outputs, np.subtract(1, derivatives, out=derivatives)


def scaled_tanh(x: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """1.7159 tanh(2x / 3) (LeCun et al. 1998)."""
    scale, rate = (x.dtype.type(value) for value in SCALED_TANH)
    outputs, derivatives = tanh(x * rate)
    return scale * outputs, scale * rate * derivatives


def softplus(x: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """log(1 + exp(x)) (Dugas et al., 2001)."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), _logistic(x)


def silu(x: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """The product of x and its sigmoid, also called swish (Ramachandran et al., 2017)."""
    gate = _logistic(x)
    return x * gate, gate * (1 + x * (1 - gate))


def mish(x: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """The product of x and tanh(log(1 + exp(x))) (Misra, 2019).

    With g = exp(x) and a = g (g + 2), the tanh is a / (a + 2) and its derivative
    4 g (1 + g) / (a + 2)**2. From x = 20 on the tanh is 1 in float64, too.
    """
    bounded = np.minimum(x, 20)
    grown = np.exp(bounded)
    above = grown * (grown + 2)
    share = above / (above + 2)
    return x * share, share + 4 * bounded * grown * (1 + grown) / (above + 2) ** 2


def gelu(x: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """The product of x and the normal distribution function at x (Hendrycks & Gimpel, 2016)."""
    root, density = x.dtype.type(math.sqrt(0.5)), x.dtype.type(1 / math.sqrt(2 * math.pi))
    half = x.dtype.type(0.5)
    share = half + half * _error_function(x * root)
    bell = density * np.exp(-half * x * x)
    return x * share, share + x * bell


def gelu_tanh(x: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """GELU by the approximation with tanh (Hendrycks & Gimpel, 2016, section 2)."""
    rate, cubic = x.dtype.type(math.sqrt(2 / math.pi)), x.dtype.type(0.044715)
    bent, derivatives = tanh(rate * (x + cubic * x * x * x))
    inner = rate * (1 + 3 * cubic * x * x)
    half = x.dtype.type(0.5)
    return half * x * (1 + bent), half * (1 + bent) + half * x * derivatives * inner


def _logistic(x: NDArray[Real]) -> NDArray[Real]:
    """1 / (1 + exp(-x)) without overflow."""
    outputs: NDArray[Real] = np.exp(-np.maximum(x, -LARGEST_EXPONENT))
    outputs += 1
    return np.reciprocal(outputs, out=outputs)


def _error_function(values: NDArray[Real]) -> NDArray[Real]:
    """The error function, which numpy lacks.

    For float32 it is the shaders' approximation: Abramowitz & Stegun, "Handbook of Mathematical
    Functions", 1964, formula 7.1.26, off by at most 1.5e-7. For float64 it is Python's own, which
    is accurate and slow.
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
    "mish": mish,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "scaled_tanh": scaled_tanh,
    "softplus": softplus,
    "identity": identity,
}
