"""The update rules against PyTorch's, and the regularizers against their definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.engine.population import MOMENTS, NetworkSettings, Rule
from gpunet.engine.reference import kernels
from gpunet.engine.reference.optimizers import RULES, Factors, optimize
from gpunet.engine.step_schedule import step_schedule
from gpunet.files.resources import shader_file

START = [0.5, -1.25, 2.0]
GRADIENTS = [[0.66, 0.27, 0.06], [0.62, -0.45, -0.17], [-1.52, 0.38, -1.03], [-0.56, -0.89, -0.06]]

PYTORCH: dict[Any, list[float]] = {
    "sgd": [0.58, -1.181, 2.12],
    "sgd_momentum": [0.449806, -1.204103, 2.227136],
    "sgd_nesterov": [0.5348254, -1.1396927, 2.3244224],
    "adam": [0.345246309428, -1.301958506905, 2.077195286435],
    "nadam": [0.449411788801, -1.234537792489, 2.118820897269],
    "rmsprop": [-0.021990275322, -1.169288664, 2.98628559431],
}
"""After four steps of 0.1 on these gradients in float64 with PyTorch 2.13: SGD (momentum 0.9),
Adam, NAdam and RMSprop with their defaults there."""

ADAMW = [0.337731788139, -1.275850169081, 2.038162634306]
"""The same of AdamW with a weight decay of 0.05."""


def four_steps(rule: Rule, *, weight_decay: float = 0, **settings: float) -> NDArray[np.float64]:
    """The parameters (3,) after four steps, in the order in which the engines compose one."""
    own = (NetworkSettings(seed=0, **settings),)  # type: ignore[arg-type]
    optimizer: Any = rule if rule in {"nadam", "rmsprop", "lion"} else "adam"
    # The schedule is float32 for the devices, as are the betas that it is made of.
    schedule = step_schedule(own, np.full((1, 4), 0.1), 0, optimizer).astype(np.float64)
    parameters = np.array([START])
    moments = np.zeros((MOMENTS[rule], 1, 3))
    for step, gradient in enumerate(GRADIENTS):
        factors = Factors.of(own, schedule[:, step])
        parameters *= 1 - factors.rate * weight_decay
        optimize(rule, parameters, np.array([gradient]), moments, factors)
    reached: NDArray[np.float64] = parameters[0]
    return reached


@pytest.mark.parametrize("rule", PYTORCH)
def test_four_steps_end_where_pytorchs_end(rule: Rule) -> None:
    settings = {"rmsprop": {"beta2": 0.99}, "sgd_momentum": {"momentum": 0.9}}
    settings["sgd_nesterov"] = {"momentum": 0.9}
    actual = four_steps(rule, **settings.get(rule, {}))
    np.testing.assert_allclose(actual, PYTORCH[rule], rtol=5e-6)


def test_adam_with_decoupled_decay_is_pytorchs_adamw() -> None:
    np.testing.assert_allclose(four_steps("adam", weight_decay=0.05), ADAMW, rtol=5e-6)


def test_rates_by_inputs_are_adam_on_weights_that_are_divided_by_the_root_of_their_inputs() -> None:
    # Of w = v / sqrt(I), v learns; its gradient is that of w over sqrt(I), too.
    inputs = 9
    own = (NetworkSettings(seed=0, epsilon=1e-30),)
    schedule = step_schedule(own, np.full((1, 4), 0.1), 0, "adam").astype(np.float64)
    weights, scaled = np.array([START]), np.array([START]) * np.sqrt(inputs)
    moments, others = np.zeros((2, 2, 1, 3))
    for step, gradient in enumerate(np.array(GRADIENTS)):
        factors = Factors.of(own, schedule[:, step])
        shares = np.full((1, 3), 1 / np.sqrt(inputs))
        optimize("adam", weights, gradient[None], moments, factors, shares)
        optimize("adam", scaled, gradient[None] / np.sqrt(inputs), others, factors)
    np.testing.assert_allclose(weights, scaled / np.sqrt(inputs), rtol=1e-12)


def test_lion_steps_by_the_sign_of_its_blend() -> None:
    # By hand from the paper's algorithm: the first blend is a tenth of the gradient.
    own = (NetworkSettings(seed=0, beta2=0.99),)
    schedule = step_schedule(own, np.full((1, 1), 0.1), 0, "lion").astype(np.float64)
    parameters, moments = np.array([START]), np.zeros((1, 1, 3))
    gradient = np.array([[0.5, -2.0, 0.0]])
    optimize("lion", parameters, gradient, moments, Factors.of(own, schedule[:, 0]))
    np.testing.assert_allclose(parameters[0], [0.4, -1.15, 2.0])
    np.testing.assert_allclose(moments[0, 0], [0.005, -0.02, 0.0])


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_shader_of_its_name(rule: str) -> None:
    assert "fn optimize(" in shader_file(f"optimizer/{rule}.wgsl").read_text()


def test_nadams_factors_do_not_depend_on_where_the_epochs_are_cut() -> None:
    own = (NetworkSettings(seed=0), NetworkSettings(seed=1, beta1=0.8))
    whole = step_schedule(own, np.full((2, 10), 0.1), 0, "nadam")
    later = step_schedule(own, np.full((2, 6), 0.1), 4, "nadam")
    np.testing.assert_array_equal(whole[:, 4:], later)


def test_penalties_are_the_gradients_of_l1_and_of_half_l2() -> None:
    parameters = np.array([[2.0, -3.0, 0.0]])
    l1, l2 = np.full((1, 3), 0.1), np.full((1, 3), 0.5)
    actual = kernels.regularize(np.zeros((1, 3)), parameters, l1, l2, np.zeros((1, 1)))
    np.testing.assert_allclose(actual, [[1.1, -1.6, 0.0]])


def test_each_part_of_a_gradient_is_clipped_for_the_networks_that_want_it() -> None:
    gradient = np.array([[3.0, -0.2], [3.0, -0.2]])
    nothing = np.zeros((2, 2))
    bounds = np.array([[1.0], [0.0]])
    actual = kernels.regularize(gradient, nothing, nothing, nothing, bounds)
    np.testing.assert_allclose(actual, [[1.0, -0.2], [3.0, -0.2]])


def test_a_gradients_length_is_clipped_and_its_direction_kept() -> None:
    gradient = np.array([[3.0, 4.0], [3.0, 4.0], [0.3, 0.4]])
    bounds = np.array([[1.0], [0.0], [1.0]])
    scaled = gradient * kernels.gradient_norm(gradient, bounds)
    np.testing.assert_allclose(scaled, [[0.6, 0.8], [3.0, 4.0], [0.3, 0.4]])


def test_the_incoming_weights_of_a_unit_are_shortened_to_the_bound() -> None:
    weights = np.array([[[3.0, 0.3], [4.0, 0.4]]])  # (1, I, O): units of length 5 and 0.5
    kernels.max_norm(weights, np.array([[[2.0]]]))
    np.testing.assert_allclose(weights, [[[1.2, 0.3], [1.6, 0.4]]])
    kernels.max_norm(weights, np.array([[[0.0]]]))
    np.testing.assert_allclose(weights, [[[1.2, 0.3], [1.6, 0.4]]])
