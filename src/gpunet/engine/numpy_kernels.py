"""The specification of every kernel: one function per shader, of the same name.

The functions take float32 as the engine does, or float64 as the gradient checks do, and give
back what they were given. Axes: P networks, B rows of a batch, I inputs, O outputs, C classes.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gpunet import rng
from gpunet.engine.activations import activate

__all__ = [
    "activate",
    "adam",
    "dropout_mask",
    "forward",
    "input_gradient",
    "read_samples",
    "sgd",
    "sgd_momentum",
    "softmax_cross_entropy",
    "softmax_gradient",
    "weight_gradient",
]

Real = TypeVar("Real", np.float32, np.float64)


def read_samples(
    features: NDArray[np.uint8] | NDArray[np.float32], rows: NDArray[np.uint32]
) -> NDArray[np.float32]:
    """The features (P, B, I) of the rows (P, B); bytes become byte / 255."""
    chosen = features[rows]
    if chosen.dtype == np.uint8:
        return chosen.astype(np.float32) * np.float32(1 / 255)
    return chosen.astype(np.float32, copy=False)


def dropout_mask(
    seeds: NDArray[np.uint32], step: int, place: int, rows: int, units: int, rates: NDArray[Real]
) -> NDArray[Real]:
    """What to multiply with (P, rows, units): 0 for dropped units, 1 / (1 - rate) for the others.

    Args:
        seeds: (P,) of the networks.
        step: counted over the whole training.
        place: 0 for the input, l for the l-th hidden layer.
        rows: of the batch.
        units: of the layer.
        rates: (P,) the probabilities of being dropped.
    """
    row = np.arange(rows, dtype=np.uint32) | np.uint32(place << 24)
    group = np.arange((units + 3) // 4, dtype=np.uint32)
    draws = rng.pcg4d(seeds[:, None, None], step, row[None, :, None], group)  # (4, P, B, groups)
    draws = np.moveaxis(draws, 0, -1).reshape(len(seeds), rows, -1)[:, :, :units]
    thresholds = (rates.astype(np.float64) * 2.0**32).astype(np.uint32)
    scales = (1 / (1 - rates.astype(np.float64))).astype(rates.dtype)
    kept: NDArray[Real] = (draws >= thresholds[:, None, None]) * scales[:, None, None]
    return kept


def forward(inputs: NDArray[Real], weights: NDArray[Real], biases: NDArray[Real]) -> NDArray[Real]:
    """A layer's weighted sums (P, B, O) of inputs (P, B, I), weights (P, I, O), biases (P, O)."""
    sums: NDArray[Real] = np.matmul(inputs, weights) + biases[:, None, :]
    return sums


def softmax_cross_entropy(
    logits: NDArray[Real], labels: NDArray[np.integer]
) -> tuple[NDArray[Real], NDArray[np.bool_], NDArray[Real]]:
    """The losses (P, B), the hits (P, B) and the probabilities (P, B, C).

    Args:
        logits: (P, B, C).
        labels: (P, B), from 0 to C - 1. Of equal logits the first one is the prediction.
    """
    shifted = logits - logits.max(axis=2, keepdims=True)
    exponentials = np.exp(shifted)
    sums = exponentials.sum(axis=2, keepdims=True)
    wanted = np.take_along_axis(shifted, labels[:, :, None].astype(np.intp), axis=2)
    losses = (np.log(sums) - wanted)[:, :, 0]
    hits = logits.argmax(axis=2) == labels
    return losses, hits, exponentials / sums


def softmax_gradient(probabilities: NDArray[Real], labels: NDArray[np.integer]) -> NDArray[Real]:
    """The slope (P, B, C) of the batch's mean loss with respect to the logits."""
    deltas = probabilities.copy()
    population, rows, _ = deltas.shape
    deltas[np.arange(population)[:, None], np.arange(rows), labels] -= 1
    deltas /= rows
    return deltas


def input_gradient(
    deltas: NDArray[Real], weights: NDArray[Real], slopes: NDArray[Real]
) -> NDArray[Real]:
    """The slope (P, B, I) of the loss with respect to the sums of the layer below.

    Args:
        deltas: (P, B, O) the slope with respect to this layer's sums.
        weights: (P, I, O) of this layer.
        slopes: (P, B, I) of the activations below, the dropout's factor included.
    """
    below: NDArray[Real] = np.matmul(deltas, weights.transpose(0, 2, 1)) * slopes
    return below


def weight_gradient(inputs: NDArray[Real], deltas: NDArray[Real]) -> NDArray[Real]:
    """The slope (P, I + 1, O) with respect to the weights, and in the last row the biases."""
    population, _, units = inputs.shape
    gradient = np.empty((population, units + 1, deltas.shape[2]), dtype=inputs.dtype)
    np.matmul(inputs.transpose(0, 2, 1), deltas, out=gradient[:, :-1, :])
    np.sum(deltas, axis=1, out=gradient[:, -1, :])
    return gradient


def adam(
    parameters: NDArray[Real],
    gradient: NDArray[Real],
    first_moments: NDArray[Real],
    second_moments: NDArray[Real],
    step: NDArray[Real],
    betas: tuple[NDArray[Real], NDArray[Real]],
    epsilon: NDArray[Real],
) -> None:
    """One step of Adam, in place (Kingma & Ba 2015, algorithm 1).

    Args:
        parameters: (P, N).
        gradient: (P, N).
        first_moments: (P, N).
        second_moments: (P, N).
        step: (P, 4) a row of the schedule: learning rate and the two bias corrections.
        betas: (P, 1) each.
        epsilon: (P, 1).
    """
    rate, first_correction, second_correction = (step[:, i, None] for i in range(3))
    beta1, beta2 = betas
    first_moments *= beta1
    first_moments += (1 - beta1) * gradient
    second_moments *= beta2
    second_moments += (1 - beta2) * (gradient * gradient)
    denominator = np.sqrt(second_moments * second_correction)
    denominator += epsilon
    parameters -= rate * (first_moments * first_correction) / denominator


def sgd(parameters: NDArray[Real], gradient: NDArray[Real], step: NDArray[Real]) -> None:
    """One step of gradient descent, in place; shapes as for ``adam``."""
    parameters -= step[:, 0, None] * gradient


def sgd_momentum(
    parameters: NDArray[Real],
    gradient: NDArray[Real],
    velocity: NDArray[Real],
    step: NDArray[Real],
    momentum: NDArray[Real],
) -> None:
    """One step of gradient descent with momentum, in place; momentum (P, 1).

    The velocity sums plain gradients, as in Sutskever et al., "On the importance of
    initialization and momentum in deep learning", 2013, with the rate applied outside.
    """
    velocity *= momentum
    velocity += gradient
    parameters -= step[:, 0, None] * velocity
