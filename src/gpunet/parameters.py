"""The layout of weights in the flat array (P, N), and their initial values.

A layer's block is (I + 1, O) in row-major order: the weights, and the biases as the last row, as
if the layer had one more input that is always 1. The blocks follow one another without gaps.
With layer normalization, the hidden layers' scales and shifts come after all blocks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gpunet import rng
from gpunet.config import Activation, Initialization, Layer, NetworkSpec

__all__ = [
    "HE_SLOPES",
    "LayerStart",
    "initial_parameters",
    "initializations",
    "layer_blocks",
    "layer_offsets",
    "layer_rates",
    "layer_starts",
    "layer_views",
    "norm_offsets",
    "norm_views",
    "rate_shares",
    "spread",
]

Real = TypeVar("Real", np.float32, np.float64)


HE_SLOPES: Mapping[Activation, float | None] = {
    "relu": 0.0,
    "leaky_relu": 0.01,
    "elu": 0.0,
    "selu": 1.0,
    "gelu": 0.0,
    "gelu_tanh": 0.0,
    "silu": 0.0,
    "mish": 0.0,
    "sigmoid": None,
    "tanh": None,
    "scaled_tanh": None,
    "softplus": None,
    "identity": None,
}
"""The slope below zero, for He's equation 15, of the activations that resemble ReLU; ``None`` for
those with Glorot's initialization. SELU needs a variance of one over the inputs (Klambauer et al.
2017), which a slope of 1 gives."""


def layer_offsets(network: NetworkSpec) -> tuple[int, ...]:
    """Where each layer's block starts within one network's N parameters."""
    offsets = [0]
    for layer in network.layers[:-1]:
        offsets.append(offsets[-1] + (layer.inputs + 1) * layer.outputs)
    return tuple(offsets)


def layer_views(
    parameters: NDArray[Real], network: NetworkSpec
) -> list[tuple[NDArray[Real], NDArray[Real]]]:
    """Weights (P, I, O) and biases (P, O) of every layer, as views into (P, N)."""
    return [(block[:, :-1], block[:, -1]) for block in layer_blocks(parameters, network)]


def layer_blocks(parameters: NDArray[Real], network: NetworkSpec) -> list[NDArray[Real]]:
    """The block (P, I + 1, O) of every layer, as views into (P, N)."""
    blocks = []
    for layer, offset in zip(network.layers, layer_offsets(network), strict=True):
        block = parameters[:, offset : offset + (layer.inputs + 1) * layer.outputs]
        blocks.append(block.reshape(len(parameters), layer.inputs + 1, layer.outputs))
    return blocks


def norm_offsets(network: NetworkSpec) -> tuple[int, ...]:
    """Where each hidden layer's scales start within N; its shifts follow. Empty without norms."""
    if not network.layer_norm:
        return ()
    first = network.parameter_count - 2 * sum(network.hidden)
    return tuple(first + 2 * sum(network.hidden[:index]) for index in range(len(network.hidden)))


def norm_views(
    parameters: NDArray[Real], network: NetworkSpec
) -> list[tuple[NDArray[Real], NDArray[Real]]]:
    """Scales (P, O) and shifts (P, O) of every hidden layer's norm, as views into (P, N)."""
    return [
        (parameters[:, at : at + units], parameters[:, at + units : at + 2 * units])
        for at, units in zip(norm_offsets(network), network.hidden, strict=False)
    ]


def layer_rates(network: NetworkSpec, *, by_inputs: bool) -> tuple[float, ...]:
    """The factor of the learning rate for the weights of each layer.

    With ``by_inputs`` it is 1 / sqrt(I) for I inputs, as if the weights were v / sqrt(I) and v were
    trained: the NTK parametrization (Jacot et al., "Neural Tangent Kernel", 2018). Adam's steps do
    not depend on the size of the gradient, so v moves as far as the weights would otherwise, and
    the weights move 1 / sqrt(I) of that.
    """
    return tuple(1 / math.sqrt(layer.inputs) if by_inputs else 1.0 for layer in network.layers)


def rate_shares(
    network: NetworkSpec, biases: NDArray[np.float32], *, by_inputs: bool
) -> NDArray[np.float32] | None:
    """The factor (P, N) of the learning rate for every parameter; ``None`` if all are 1.

    ``biases`` are the factors (P, 1) of biases; those of weights follow from their layer's inputs,
    or are 1.
    """
    if not by_inputs and (biases == 1).all():
        return None
    shares = np.ones((len(biases), network.parameter_count), dtype=np.float32)
    rates = layer_rates(network, by_inputs=by_inputs)
    for rate, (own_weights, own_biases) in zip(rates, layer_views(shares, network), strict=True):
        own_weights[...], own_biases[...] = rate, biases
    return shares


def spread(
    network: NetworkSpec, weights: NDArray[np.float32], biases: NDArray[np.float32]
) -> NDArray[np.float32]:
    """A setting (P, N) for all parameters, from (P, 1) for weights and biases; 0 for norms."""
    values = np.zeros((len(weights), network.parameter_count), dtype=np.float32)
    for own_weights, own_biases in layer_views(values, network):
        own_weights[...], own_biases[...] = weights[:, :, None], biases
    return values


def initial_parameters(
    network: NetworkSpec, initialization: Initialization, seeds: Sequence[int]
) -> NDArray[np.float32]:
    """Parameters (P, N) for one network per seed: uniform weights, zero biases.

    ``uniform`` and ``scikit-learn`` also draw the biases. ``normal`` draws from a normal
    distribution: weights with variance 1 / I for I inputs, biases with variance 1. It leaves the
    last layer zero, so that all predictions are equal at first (Holzmueller et al., "Better by
    Default", 2024, appendix A). Scales start at 1 and shifts at 0.
    """
    parameters = np.zeros((len(seeds), network.parameter_count), dtype=np.float32)
    for scales, _ in norm_views(parameters, network):
        scales[...] = 1
    blocks, starts = layer_blocks(parameters, network), layer_starts(network, initialization)
    for index, (block, start) in enumerate(zip(blocks, starts, strict=True)):
        for p, seed in enumerate(seeds if start.weights else ()):
            if start.normal:
                draws = rng.normal(seed, rng.INITIALIZATION, index, block[p].size)
            else:
                draws = 2 * rng.uniform(seed, rng.INITIALIZATION, index, block[p].size) - 1
            values = draws.reshape(block[p].shape)
            block[p, :-1] = values[:-1] * start.weights
            if start.biases:
                block[p, -1] = values[-1] * start.biases
    return parameters


@dataclass(frozen=True, slots=True)
class LayerStart:
    """The distribution of a layer's initial weights and biases.

    Args:
        weights: the bound of a uniform distribution around zero, or the standard deviation of a
            normal one; 0 if all weights are 0.
        biases: the same for biases.
        normal: whether the distribution is normal.
    """

    weights: float
    biases: float
    normal: bool = False


def layer_starts(network: NetworkSpec, initialization: Initialization) -> list[LayerStart]:
    """The initial distribution of each layer, see ``initial_parameters``."""
    bounds = [_bound(layer, initialization, network) for layer in network.layers]
    if initialization == "normal":
        return [*(LayerStart(bound, 1.0, normal=True) for bound in bounds[:-1]), LayerStart(0, 0)]
    drawn = initialization in ("uniform", "scikit-learn")
    return [LayerStart(bound, bound if drawn else 0.0) for bound in bounds]


def initializations(
    network: NetworkSpec, initialization: Initialization
) -> tuple[Initialization, ...]:
    """The initialization of each layer from first to last, with ``auto`` resolved."""
    return tuple(_chosen(layer, initialization) for layer in network.layers)


def _chosen(layer: Layer, initialization: Initialization) -> Initialization:
    if initialization != "auto":
        return initialization
    return "glorot" if HE_SLOPES[layer.activation] is None else "he"


def _bound(layer: Layer, initialization: Initialization, network: NetworkSpec) -> float:
    """The bound of a uniform distribution around zero, or the standard deviation of a normal one.

    He: He et al., "Delving Deep into Rectifiers", 2015, equation 15. Glorot: Glorot & Bengio,
    "Understanding the difficulty of training deep feedforward neural networks", 2010, equation
    16; scikit-learn takes it for all layers, a third of that variance if any hidden layer is a
    sigmoid. Uniform: LeCun et al., "Efficient BackProp", 1998, as one over the root of the inputs.
    """
    initialization = _chosen(layer, initialization)
    if initialization == "he":
        slope = HE_SLOPES[layer.activation]
        if layer.activation == "leaky_relu":
            slope = network.leaky_slope
        slope = 1.0 if slope is None else slope  # He's, where the default is Glorot's
        return math.sqrt(6 / ((1 + slope**2) * layer.inputs))
    if initialization == "scikit-learn":
        variance = 2 if "sigmoid" in network.activations else 6
        return math.sqrt(variance / (layer.inputs + layer.outputs))
    if initialization == "glorot":
        return math.sqrt(6 / (layer.inputs + layer.outputs))
    return 1 / math.sqrt(layer.inputs)
