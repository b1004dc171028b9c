"""The layout of parameters on a device: every matrix is padded with zeros to blocks of 4 x 4.

So shaders read and write four numbers at a time, whatever the sizes. Padding stays zero: its
gradient is zero, and then no update rule moves a zero. The host's order, without padding, is that
of ``gpunet.parameters``; ``layered`` and ``persistent`` lay out activations and derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpunet.config import NetworkSpec
from gpunet.parameters import layer_views, norm_views

__all__ = ["Layout", "padded"]


def padded(count: int) -> int:
    """A number of rows or columns, rounded up to a multiple of 4."""
    return -(-count // 4) * 4


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where one network's N parameters are among its S numbers on a device, padding included.

    Args:
        weights_at: offset of each layer's padded weights and biases (I + 1, O).
        scales_at: offset of each hidden layer's padded scales (O,); its shifts follow.
        size: S.
        positions: (N,) offset of every parameter.
    """

    weights_at: tuple[int, ...]
    scales_at: tuple[int, ...]
    size: int
    positions: NDArray[np.intp]

    @classmethod
    def of(cls, network: NetworkSpec) -> Layout:
        """The layout of a network's parameters."""
        weights_at, scales_at, end = [], [], 0
        for layer in network.layers:
            weights_at.append(end)
            end += padded(layer.inputs + 1) * padded(layer.outputs)
        for units in network.hidden if network.layer_norm else ():
            scales_at.append(end)
            end += 2 * padded(units)
        positions = _positions(network, weights_at, scales_at)
        return cls(tuple(weights_at), tuple(scales_at), end, positions)

    def pack(self, parameters: NDArray[np.float32]) -> NDArray[np.float32]:
        """Parameters (..., N) in the device's padded layout (..., S)."""
        packed = np.zeros((*parameters.shape[:-1], self.size), dtype=np.float32)
        packed[..., self.positions] = parameters
        return packed

    def unpack(self, packed: NDArray[np.float32]) -> NDArray[np.float32]:
        """The device's padded layout (..., S) as parameters (..., N)."""
        return np.take(packed, self.positions, axis=-1)


def _positions(
    network: NetworkSpec, weights_at: list[int], scales_at: list[int]
) -> NDArray[np.intp]:
    positions = np.empty((1, network.parameter_count), dtype=np.float64)  # exact up to 2 ** 53
    for at, layer, (weights, biases) in zip(
        weights_at, network.layers, layer_views(positions, network), strict=True
    ):
        rows = at + padded(layer.outputs) * np.arange(layer.inputs + 1)[:, None]
        whole = rows + np.arange(layer.outputs)
        weights[0], biases[0] = whole[:-1], whole[-1]
    for at, units, (scales, shifts) in zip(
        scales_at, network.hidden, norm_views(positions, network), strict=False
    ):
        scales[0] = at + np.arange(units)
        shifts[0] = at + padded(units) + np.arange(units)
    flat: NDArray[np.intp] = positions[0].astype(np.intp)
    return flat
