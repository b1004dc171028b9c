from __future__ import annotations

import numpy as np
import pytest

from gpunet.config import NetworkSpec
from gpunet.engine.planning.layout import Layout, padded
from gpunet.parameters import layer_views, norm_views

NETWORKS = (
    NetworkSpec(784, (16, 16), 10),
    NetworkSpec(5, (), 2),
    NetworkSpec(7, (9, 3), 4, layer_norm=True),
)


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_what_is_packed_for_a_device_comes_back_as_it_was(network: NetworkSpec) -> None:
    layout = Layout.of(network)
    shape = (2, 3, network.parameter_count)
    parameters = np.random.default_rng(0).random(shape, dtype=np.float32)
    packed = layout.pack(parameters)
    assert (2, 3, layout.size) == packed.shape
    np.testing.assert_array_equal(parameters, layout.unpack(packed))
    assert layout.unpack(packed).flags.c_contiguous


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_every_block_lies_in_whole_fours_with_zeros_around_it(network: NetworkSpec) -> None:
    layout = Layout.of(network)
    parameters = np.arange(1, network.parameter_count + 1, dtype=np.float32)[None]
    packed = layout.pack(parameters)[0]
    for at, layer, (weights, biases) in zip(
        layout.weights_at, network.layers, layer_views(parameters, network), strict=True
    ):
        assert at % 4 == 0
        block = np.zeros((padded(layer.inputs + 1), padded(layer.outputs)), np.float32)
        block[: layer.inputs, : layer.outputs] = weights[0]
        block[layer.inputs, : layer.outputs] = biases[0]
        np.testing.assert_array_equal(block.ravel(), packed[at : at + block.size])
    for at, (scales, shifts) in zip(layout.scales_at, norm_views(parameters, network), strict=True):
        assert at % 4 == 0
        units = scales.shape[1]
        np.testing.assert_array_equal(scales[0], packed[at : at + units])
        np.testing.assert_array_equal(shifts[0], packed[at + padded(units) :][:units])
    assert layout.size == len(packed)
    assert network.parameter_count == np.count_nonzero(packed)
