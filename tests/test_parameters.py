from __future__ import annotations

import math

import numpy as np
import pytest

from gpunet.config import NetworkSpec
from gpunet.parameters import (
    initial_parameters,
    layer_offsets,
    layer_rates,
    layer_views,
    norm_offsets,
    norm_views,
    rate_shares,
)

NETWORK = NetworkSpec(6, (5, 4), 3, "relu")


def test_the_layers_blocks_cover_all_parameters_without_gaps() -> None:
    numbers = np.arange(2 * NETWORK.parameter_count, dtype=np.float32)
    parameters = numbers.reshape(2, NETWORK.parameter_count)
    joined = [
        np.concatenate([weights.reshape(2, -1), biases], axis=1)
        for weights, biases in layer_views(parameters, NETWORK)
    ]
    np.testing.assert_array_equal(parameters, np.concatenate(joined, axis=1))
    assert layer_offsets(NETWORK) == (0, 35, 59)


def test_views_write_through() -> None:
    parameters = np.zeros((1, NETWORK.parameter_count), dtype=np.float32)
    weights, biases = layer_views(parameters, NETWORK)[1]
    weights[0, 1, 2] = 7
    biases[0, 3] = 9
    assert parameters[0, 35 + 1 * 4 + 2] == 7
    assert parameters[0, 35 + 5 * 4 + 3] == 9


@pytest.mark.parametrize(
    ("activation", "bound"),
    [("relu", (6 / 300) ** 0.5), ("tanh", (6 / 500) ** 0.5), ("sigmoid", (6 / 500) ** 0.5)],
)
def test_initial_weights_are_uniform_within_the_bound_for_the_activation(
    activation: str, bound: float
) -> None:
    network = NetworkSpec(300, (200,), 10, activation)
    weights, biases = layer_views(initial_parameters(network, "auto", [3]), network)[0]
    assert not biases.any()
    assert np.abs(weights).max() <= bound
    # The variance of a uniform distribution; 60,000 draws estimate it to about half a percent.
    assert pytest.approx(bound**2 / 3, rel=0.03) == weights.var()


def test_normal_weights_keep_the_variance_of_their_inputs_and_the_last_layer_is_zero() -> None:
    network = NetworkSpec(300, (200, 100), 10, "selu")
    layers = layer_views(initial_parameters(network, "normal", [3]), network)
    for weights, biases in layers[:-1]:
        inputs = weights.shape[1]
        # So many draws tell the variance to a few percent, 100 biases to a few tenths.
        assert weights.var() * inputs == pytest.approx(1, rel=0.05)
        assert biases.var() == pytest.approx(1, rel=0.4)
        assert np.abs(weights).max() > 3.5 / inputs**0.5  # no uniform distribution reaches that
    assert not np.concatenate([layers[-1][0].ravel(), layers[-1][1].ravel()]).any()


def test_weights_take_a_rate_by_their_inputs_and_biases_their_own() -> None:
    network = NetworkSpec(6, (5,), 3, "relu", layer_norm=True)
    assert layer_rates(network, by_inputs=True) == (1 / math.sqrt(6), 1 / math.sqrt(5))
    shares = rate_shares(network, np.array([[0.1], [1]], np.float32), by_inputs=True)
    assert shares is not None
    for rate, (weights, biases) in zip(
        (1 / math.sqrt(6), 1 / math.sqrt(5)), layer_views(shares, network), strict=True
    ):
        assert np.unique(weights).tolist() == [np.float32(rate)]
        assert np.unique(biases, axis=1).tolist() == [[np.float32(0.1)], [1]]
    assert all((one == 1).all() for one in norm_views(shares, network)[0])
    assert rate_shares(network, np.ones((2, 1), np.float32), by_inputs=False) is None


def test_a_network_starts_the_same_alone_and_in_a_population() -> None:
    together = initial_parameters(NETWORK, "auto", [4, 5])
    np.testing.assert_array_equal(together[1:], initial_parameters(NETWORK, "auto", [5]))
    assert (together[0] != together[1]).any()


def test_the_norms_gains_and_offsets_fill_the_end_of_the_parameters() -> None:
    network = NetworkSpec(6, (5, 4), 3, "relu", layer_norm=True)
    assert NETWORK.parameter_count + 2 * (5 + 4) == network.parameter_count
    assert (NETWORK.parameter_count, NETWORK.parameter_count + 10) == norm_offsets(network)
    parameters = initial_parameters(network, "auto", [1])
    norms = norm_views(parameters, network)
    assert [scales[0].tolist() for scales, _ in norms] == [[1] * 5, [1] * 4]
    assert [shifts[0].tolist() for _, shifts in norms] == [[0] * 5, [0] * 4]
    norms[1][1][0, 3] = 7
    assert parameters[0, -1] == 7
    assert norm_views(parameters, NETWORK) == []


@pytest.mark.parametrize(("activation", "variance"), [("relu", 6), ("tanh", 6), ("sigmoid", 2)])
def test_scikit_learns_initial_weights_and_biases_lie_within_one_bound(
    activation: str, variance: int
) -> None:
    network = NetworkSpec(300, (200,), 10, activation)
    for weights, biases in layer_views(initial_parameters(network, "scikit-learn", [3]), network):
        bound = (variance / sum(weights.shape[1:])) ** 0.5
        assert 0.9 * bound < np.abs(weights).max() <= bound
        assert 0.5 * bound < np.abs(biases).max() <= bound
