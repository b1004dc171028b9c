"""The page answers in JavaScript what Python answers, and finds the same gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.engines import numpy_engine
from tests.export.conftest import OpenModules

from gpunet.config import ACTIVATIONS, LOSS_FACTS, NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.reference import kernels
from gpunet.export.programs import shape_dict
from gpunet.parameters import initial_parameters, layer_views, norm_views

FORWARD = """
([shape, parameters, rows]) => rows.map((row) =>
  Array.from(forward(shape, Float32Array.from(parameters), Float32Array.from(row)).outputs))
"""

GRADIENTS = """
([shape, parameters, row, outputs]) => {
  const own = Float32Array.from(parameters);
  const trace = forward(shape, own, Float32Array.from(row));
  return outputs.map((output) => Array.from(inputGradient(shape, own, trace, output)));
}
"""

SAMPLES = 200

ROUNDED = 2e-6
"""Probabilities differ by less: numpy adds in float32, the page in float64."""

GRADIENT_ROUNDED = 2e-6
"""Of the largest part of a gradient: the page keeps float32, the differences are of float64."""


def network_of(config: TrainConfig, inputs: int, outputs: int) -> tuple[NetworkSpec, Any]:
    """A network with weights and norms as if it had been trained."""
    network = config.network(inputs, outputs)
    parameters = initial_parameters(network, "auto", [config.seed])
    noise = np.random.default_rng(config.seed).normal(size=parameters.shape)
    return network, (parameters + 0.1 * noise).astype(np.float32)


def shape_of(config: TrainConfig, network: NetworkSpec) -> dict[str, Any]:
    return shape_dict(network, config)


def labels_of(network: NetworkSpec, rows: int) -> NDArray[Any]:
    if network.kind == "classes":
        return np.zeros(rows, np.int32)
    return np.zeros((rows, network.outputs), np.float32)


CASES = [
    pytest.param(TrainConfig(seed=5, hidden=(16, 16)), 784, 10, id="digits"),
    pytest.param(TrainConfig(seed=6, hidden=(32,), layer_norm=True), 784, 10, id="layer-norm"),
    pytest.param(TrainConfig(seed=7, hidden=()), 20, 3, id="no-hidden-layer"),
    *(
        pytest.param(
            TrainConfig(seed=8, hidden=(9, 7), activation=name, layer_norm=place % 2 == 1),
            13,
            4,
            id=name,
        )
        for place, name in enumerate(ACTIVATIONS)
    ),
    *(
        pytest.param(TrainConfig(seed=9, hidden=(9,), loss=loss), 13, 3, id=loss)
        for loss in LOSS_FACTS
    ),
]


@pytest.mark.parametrize(("config", "inputs", "outputs"), CASES)
def test_200_samples_are_answered_as_by_numpy(
    open_modules: OpenModules, config: TrainConfig, inputs: int, outputs: int
) -> None:
    network, parameters = network_of(config, inputs, outputs)
    rows = np.random.default_rng(1).random((SAMPLES, inputs), np.float32)
    engine = numpy_engine(config, inputs, outputs)
    engine.set_parameters(parameters)
    engine.load("test", Samples(rows, labels_of(network, SAMPLES)))
    expected = engine.predict("test")[0]

    page = open_modules("network")
    given = [shape_of(config, network), parameters[0].tolist(), rows.tolist()]
    actual = np.array(page.evaluate(FORWARD, given))

    probabilities = LOSS_FACTS[network.loss].output in ("softmax", "sigmoid")
    largest = 1 if probabilities else float(np.abs(expected).max())
    assert actual.shape == expected.shape
    assert np.ptp(actual) > 0.1  # so that there is something to compare
    np.testing.assert_allclose(actual, expected, rtol=0, atol=ROUNDED * largest)


@pytest.mark.parametrize(("config", "inputs", "outputs"), CASES)
def test_the_gradient_of_a_logit_is_that_of_finite_differences(
    open_modules: OpenModules, config: TrainConfig, inputs: int, outputs: int
) -> None:
    network, parameters = network_of(config, inputs, outputs)
    row = np.random.default_rng(2).random(inputs, np.float32)
    chosen = [0, outputs - 1]
    page = open_modules("network")
    given = [shape_of(config, network), parameters[0].tolist(), row.tolist(), chosen]
    actual = np.array(page.evaluate(GRADIENTS, given))

    step = 1e-5
    moved = row.astype(np.float64) + step * np.concatenate((np.eye(inputs), -np.eye(inputs)))
    ahead, behind = np.split(logits_of(network, parameters.astype(np.float64), moved), 2)
    expected = ((ahead - behind) / (2 * step)).T[chosen]
    largest = float(np.abs(expected).max())
    np.testing.assert_allclose(actual, expected, rtol=0, atol=GRADIENT_ROUNDED * largest)


def logits_of(
    network: NetworkSpec, parameters: NDArray[np.float64], rows: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The logits (n, C) of rows (n, I) in float64."""
    values: NDArray[np.float64] = rows[None]
    norms = norm_views(parameters, network)
    for index, (layer, views) in enumerate(
        zip(network.layers, layer_views(parameters, network), strict=True)
    ):
        values = kernels.forward(values, *views)
        if index < len(norms):
            values = kernels.layer_norm(values, *norms[index])[0]
        values = kernels.activate(values, layer.activation, network.leaky_slope)[0]
    return np.asarray(values[0])
