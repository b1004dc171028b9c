"""The page draws the numbers that Python draws: weights, orders, and factors of the steps."""

from __future__ import annotations

import numpy as np
import pytest
from tests.export.told_pages import Told, dataset, untrained

from gpunet import rng
from gpunet.config import Initialization, NetworkSpec, Optimizer, TrainConfig
from gpunet.engine.planning.layout import Layout
from gpunet.engine.population import NetworkSettings
from gpunet.engine.step_schedule import step_schedule
from gpunet.parameters import initial_parameters

SEEDS = [7, 8, 4_294_967_295]


def test_the_page_shuffles_an_epoch_as_python_does(told: Told) -> None:
    page = told(untrained(NetworkSpec(4, (), 2), TrainConfig(hidden=()), dataset(8, 4, 2)), None)
    for seed, epoch, count in ((0, 1, 1), (3, 1, 7), (3, 2, 3000), (SEEDS[2], 9, 70_000)):
        seen = page.evaluate("(key) => numbers(permutation(...key))", [seed, epoch, count])
        np.testing.assert_array_equal(seen, rng.permutation(seed, epoch, count))


@pytest.mark.parametrize("initialization", ["auto", "uniform", "scikit-learn", "normal"])
def test_the_page_draws_the_weights_that_python_starts_with(
    told: Told, initialization: Initialization
) -> None:
    network = NetworkSpec(9, (6, 5), 3, activation=("relu", "tanh"), layer_norm=True)
    activation = ("relu", "tanh")
    config = TrainConfig(
        hidden=(6, 5), activation=activation, layer_norm=True, initialization=initialization
    )
    page = told(untrained(network, config, dataset(30, 9, 3)), None)
    drawn = "(seeds) => numbers(initialParameters(told.data.model.shape, seeds))"
    wanted = initial_parameters(network, initialization, SEEDS)
    np.testing.assert_array_equal(page.evaluate(drawn, SEEDS), wanted.ravel())
    both = """([parameters, networks]) => {
        const { shape } = told.data.model;
        const there = packed(shape, Float32Array.from(parameters), networks);
        return [numbers(there), numbers(unpacked(shape, there, networks))];
    }"""
    there, back = page.evaluate(both, [wanted.ravel().tolist(), len(SEEDS)])
    np.testing.assert_array_equal(there, Layout.of(network).pack(wanted).ravel())
    np.testing.assert_array_equal(back, wanted.ravel())


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "nadam"])
def test_the_page_takes_steps_by_the_factors_that_python_takes(
    told: Told, optimizer: Optimizer
) -> None:
    config = TrainConfig(hidden=(), optimizer=optimizer)
    page = told(untrained(NetworkSpec(4, (), 2), config, dataset(8, 4, 2)), None)
    rates = np.array([[0.1, 0.2, 0.3], [0.01, 0.02, 0.03]])
    asked = "([rates, step]) => numbers(stepSchedule(told.data.optimizers[0], rates, step))"
    for first in (0, 41):
        wanted = step_schedule((NetworkSettings.of(config),) * 2, rates, first, optimizer)
        seen = page.evaluate(asked, [rates.tolist(), first])
        np.testing.assert_array_equal(np.array(seen, np.float32), wanted.ravel())
