from __future__ import annotations

import math

import numpy as np
import pytest

from gpunet.config import ACTIVATIONS
from gpunet.engine.reference.activations import activate
from gpunet.files.resources import shader_file


@pytest.mark.parametrize(
    ("activation", "at", "expected"),
    [
        ("relu", -2.0, 0.0),
        ("leaky_relu", -2.0, -0.2),
        ("elu", -1.0, math.exp(-1) - 1),
        ("elu", 2.0, 2.0),
        ("selu", 1.0, 1.0507009873554805),
        ("selu", -1.0, 1.7580993408473766 * (math.exp(-1) - 1)),
        ("gelu", 1.0, (1 + math.erf(1 / math.sqrt(2))) / 2),
        ("gelu_tanh", 1.0, (1 + math.tanh(math.sqrt(2 / math.pi) * 1.044715)) / 2),
        ("silu", 2.0, 2 / (1 + math.exp(-2))),
        ("mish", 2.0, 2 * math.tanh(math.log(1 + math.exp(2)))),
        ("sigmoid", 0.5, 1 / (1 + math.exp(-0.5))),
        ("tanh", 0.5, math.tanh(0.5)),
        ("scaled_tanh", 1.0, 1.7159 * math.tanh(2 / 3)),
        ("softplus", 1.0, math.log(1 + math.e)),
        ("identity", -3.0, -3.0),
    ],
)
def test_an_activation_has_its_published_value(activation: str, at: float, expected: float) -> None:
    outputs, _ = activate(np.array([at]), activation, leaky_slope=0.1)
    assert pytest.approx(expected, rel=1e-12) == outputs[0]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_derivative_is_the_finite_difference_of_the_output(activation: str) -> None:
    # Not at 0, where some derivatives jump.
    x = np.concatenate([np.linspace(-8, -0.01, 60), np.linspace(0.01, 8, 60)])
    step = 1e-6
    above, _ = activate(x + step, activation, 0.1)
    below, _ = activate(x - step, activation, 0.1)
    _, derivatives = activate(x, activation, 0.1)
    # Central differences: rounding of about 1e-16 / 1e-6 and a curvature term of 1e-12.
    np.testing.assert_allclose(derivatives, (above - below) / (2 * step), atol=2e-9)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_float32_gives_what_float64_gives_to_two_millionths(activation: str) -> None:
    x = np.linspace(-12, 12, 4801, dtype=np.float32)
    expected = activate(x.astype(np.float64), activation, 0.1)
    actual = activate(x, activation, 0.1)
    np.testing.assert_allclose(actual, expected, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.filterwarnings("error")
def test_large_sums_neither_overflow_nor_turn_into_nan(activation: str) -> None:
    x = np.array([-1e4, -200.0, 200.0, 1e4], dtype=np.float32)
    outputs, derivatives = activate(x, activation, 0.01)
    assert np.isfinite(outputs).all()
    assert np.isfinite(derivatives).all()
    assert np.float32 == outputs.dtype == derivatives.dtype


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_has_a_shader_of_its_name(activation: str) -> None:
    assert "fn activate(" in shader_file(f"activation/{activation}.wgsl").read_text()
