"""The specification of every kernel: one function per shader, of the same name.

The functions take float32 from the engine or float64 from the gradient checks, and return the same
type. Axes: P networks, B rows of a batch, I inputs, O outputs, C classes, T targets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gpunet import rng
from gpunet.config import LOSS_FACTS, Loss, NetworkSpec
from gpunet.engine.reference import short_rows
from gpunet.engine.reference.activations import activate

__all__ = [
    "activate",
    "as_fractions",
    "binary_cross_entropy",
    "dropout_mask",
    "forward",
    "gradient_norm",
    "head",
    "huber",
    "input_gradient",
    "layer_norm",
    "layer_norm_gradient",
    "layer_norm_update",
    "loss",
    "max_norm",
    "poisson",
    "quadratic",
    "read_samples",
    "regularize",
    "scores",
    "smoothed_targets",
    "softmax_cross_entropy",
    "squared_error",
    "targets",
    "weight_gradient",
]

Real = TypeVar("Real", np.float32, np.float64)


LossKernel = Callable[
    [NDArray[Real], NDArray[Real]], tuple[NDArray[Real], NDArray[Real], NDArray[Real]]
]

LARGEST_RATE = 30.0
"""The largest logit that the Poisson loss exponentiates. Targets are a few times their mean,
exp(30) is 1e13 times that, and a float32 still holds the square of such a gradient: so one wild row
does not end a training."""

NORM_EPSILON = 1e-5
"""Added to the variance of a row in layer norm, as in PyTorch."""


def read_samples(features: NDArray[Any], rows: NDArray[np.uint32]) -> NDArray[np.float32]:
    """The features (P, B, I) of the samples ``rows`` (P, B); bytes become byte / 255."""
    return as_fractions(features.take(rows, axis=0))


def as_fractions(features: NDArray[Any]) -> NDArray[np.float32]:
    """Features of any shape: bytes become byte / 255, floats stay as they are."""
    if features.dtype != np.uint8:
        return features.astype(np.float32, copy=False)
    fractions = features.astype(np.float32)
    fractions *= np.float32(1 / 255)
    return fractions


def dropout_mask(
    seeds: NDArray[np.uint32],
    step: int | NDArray[np.uint32],
    layer: int,
    rows: int,
    units: int,
    rates: NDArray[Real],
) -> NDArray[Real]:
    """The dropout mask (P, rows, units): 0 for dropped units, 1 / (1 - rate) for the others.

    Args:
        seeds: (P,) the networks' seeds.
        step: counted over the whole training; steps (S, 1, 1, 1) give masks (S, P, rows, units).
        layer: 0 for the input, l for the l-th hidden layer.
        rows: number of rows in the batch.
        units: number of units in the layer.
        rates: (P,) the probabilities of being dropped.
    """
    row = np.arange(rows, dtype=np.uint32) | np.uint32(layer << 24)
    group = np.arange((units + 3) // 4, dtype=np.uint32)
    draws: NDArray[np.uint32]  # (4, ..., P, rows, groups)
    draws = rng.pcg4d(seeds[:, None, None], step, row[:, None], group)
    thresholds = (rates.astype(np.float64) * 2.0**32).astype(np.uint32)
    kept: NDArray[np.bool_] = np.empty(
        (*draws.shape[1:], 4), dtype=np.bool_
    )  # (..., P, rows, groups, 4)
    np.greater_equal(draws, thresholds[:, None, None], out=np.moveaxis(kept, -1, 0))
    scales = (1 / (1 - rates.astype(np.float64))).astype(rates.dtype)
    mask: NDArray[Real] = kept.reshape(*draws.shape[1:-1], -1) * scales[:, None, None]
    return mask[..., :units]


def forward(inputs: NDArray[Real], weights: NDArray[Real], biases: NDArray[Real]) -> NDArray[Real]:
    """A layer's preactivations (P, B, O) of inputs (P, B, I), weights (P, I, O), biases (P, O)."""
    preactivations: NDArray[Real] = np.matmul(inputs, weights)
    preactivations += biases[:, None]
    return preactivations


def layer_norm(
    preactivations: NDArray[Real], scales: NDArray[Real], shifts: NDArray[Real]
) -> tuple[NDArray[Real], NDArray[Real], NDArray[Real]]:
    """Each row normalized to mean 0 and variance 1, then scaled and shifted per unit.

    Ba, Kiros & Hinton, "Layer Normalization", 2016, equation 4.

    Args:
        preactivations: (P, B, O).
        scales: (P, O).
        shifts: (P, O).

    Returns:
        The outputs and the normalized preactivations (P, B, O), and one over the standard
        deviations (P, B, 1).
    """
    centered = preactivations - preactivations.mean(axis=-1, keepdims=True)
    variance = (centered * centered).mean(axis=-1, keepdims=True)
    inverse = 1 / np.sqrt(variance + preactivations.dtype.type(NORM_EPSILON))
    normalized = centered * inverse
    return normalized * scales[:, None] + shifts[:, None], normalized, inverse


def layer_norm_gradient(
    deltas: NDArray[Real], normalized: NDArray[Real], inverse: NDArray[Real], scales: NDArray[Real]
) -> NDArray[Real]:
    """The gradient (P, B, O) of the preactivations, from ``deltas``, that of the norm's outputs."""
    scaled = deltas * scales[:, None]
    mean = scaled.mean(axis=2, keepdims=True)
    stretch = (scaled * normalized).mean(axis=2, keepdims=True)
    below: NDArray[Real] = (scaled - mean - normalized * stretch) * inverse
    return below


def layer_norm_update(
    deltas: NDArray[Real], normalized: NDArray[Real]
) -> tuple[NDArray[Real], NDArray[Real]]:
    """The gradients (P, O) with respect to the scales and to the shifts."""
    return (deltas * normalized).sum(axis=1), deltas.sum(axis=1)


def softmax_cross_entropy(
    logits: NDArray[Real], targets: NDArray[Real]
) -> tuple[NDArray[Real], NDArray[Real], NDArray[Real]]:
    """Cross-entropy after a softmax.

    Args:
        logits: (P, B, C).
        targets: (P, B, C), where each row sums to 1.

    Returns:
        The losses (P, B), their gradients with respect to the logits (P, B, C), and the
        probabilities (P, B, C).
    """
    shifted = logits - short_rows.largest(logits)[:, :, None]
    exponentials = np.exp(shifted)
    totals = short_rows.sums(exponentials)
    probabilities = exponentials / totals[:, :, None]
    losses = np.log(totals) - short_rows.sums(targets * shifted)
    return losses, probabilities - targets, probabilities


def quadratic(
    logits: NDArray[Real], targets: NDArray[Real]
) -> tuple[NDArray[Real], NDArray[Real], NDArray[Real]]:
    """Half the squared distance to the targets after a sigmoid of each logit.

    Nielsen, "Neural Networks and Deep Learning", 2015, equation 6. Arguments and results are
    those of ``softmax_cross_entropy``; the probabilities are the outputs divided by their sum.
    """
    outputs, derivatives = activate(logits, "sigmoid", 0.0)
    errors = outputs - targets
    losses = short_rows.sums(errors * errors / 2)
    # Relative to the largest output, even outputs that underflow float32 get a probability.
    below = np.minimum(logits, 0)
    multiples = np.exp(below - below.max(axis=2, keepdims=True)) / (1 + np.exp(-np.abs(logits)))
    return losses, errors * derivatives, multiples / multiples.sum(axis=2, keepdims=True)


def binary_cross_entropy(
    logits: NDArray[Real], targets: NDArray[Real]
) -> tuple[NDArray[Real], NDArray[Real], NDArray[Real]]:
    """The sum of the labels' cross-entropies, each after a sigmoid.

    For a label y and a logit z it is log(1 + exp(z)) - y z, computed from exp(-|z|), which cannot
    overflow. Arguments and results are those of ``softmax_cross_entropy``, but the targets are
    labels from 0 to 1, and each label has a probability of its own.
    """
    probabilities, _ = activate(logits, "sigmoid", 0.0)
    costs = np.maximum(logits, 0) - targets * logits + np.log1p(np.exp(-np.abs(logits)))
    return short_rows.sums(costs), probabilities - targets, probabilities


def squared_error(
    logits: NDArray[Real], targets: NDArray[Real]
) -> tuple[NDArray[Real], NDArray[Real], NDArray[Real]]:
    """Half the squared distance to measured targets (P, B, T).

    Returns:
        The losses (P, B), their gradients with respect to the logits, and the answers, which are
        the logits (P, B, T).
    """
    errors = logits - targets
    return short_rows.sums(errors * errors / 2), errors, logits


def huber(
    logits: NDArray[Real], targets: NDArray[Real]
) -> tuple[NDArray[Real], NDArray[Real], NDArray[Real]]:
    """Half the squared error of each target for errors up to 1, else the error minus one half.

    Huber, "Robust Estimation of a Location Parameter", 1964, with k = 1. Arguments and results are
    those of ``squared_error``.
    """
    errors = logits - targets
    bounded = np.clip(errors, -1, 1)
    return short_rows.sums(bounded * (errors - bounded / 2)), bounded, logits


def poisson(
    logits: NDArray[Real], targets: NDArray[Real]
) -> tuple[NDArray[Real], NDArray[Real], NDArray[Real]]:
    """The Poisson loss exp(z) - y z of counts y, without the term that depends only on y.

    Beyond ``LARGEST_RATE``, the loss continues exp(z) as a straight line. Arguments and results
    are those of ``squared_error``, except that the answers are exp(z).
    """
    bounded = np.minimum(logits, LARGEST_RATE)
    answers = np.exp(bounded)
    losses = answers * (1 + (logits - bounded)) - targets * logits
    return short_rows.sums(losses), answers - targets, answers


def loss(name: Loss) -> LossKernel[Any]:
    """The function of a loss: from logits and targets to losses, gradients and answers."""
    kernel: LossKernel[Any] = globals()[LOSS_FACTS[name].kernel]
    return kernel


def head(
    network: NetworkSpec, logits: NDArray[Real], labels: NDArray[Any], smoothing: NDArray[Real]
) -> tuple[NDArray[Real], NDArray[Real], NDArray[Any]]:
    """The losses, their gradients and the scores of a network's logits.

    Args:
        network: the network, which says the loss.
        logits: (P, B, C).
        labels: (P, B) classes, or (P, B, T) labels or measured targets; the first axis is 1 if they
            are the same for all networks.
        smoothing: (P,) the amount of label smoothing, from 0 to 1.

    Returns:
        The losses (P, B), their gradients with respect to the logits (P, B, C), and which rows are
        answered correctly, as ``scores`` gives them.
    """
    labels = np.broadcast_to(labels, logits.shape[: 2 if network.kind == "classes" else 3])
    few = 1 < network.outputs <= short_rows.SHORT
    if network.loss == "cross-entropy" and few and not smoothing.any():
        found = _labeled_cross_entropy(logits, labels)
        if found is not None:
            return found
    wanted = targets(network, labels, smoothing)
    losses, gradients, answers = loss(network.loss)(logits, wanted)
    return losses, gradients, scores(network, logits, answers, labels)


def _labeled_cross_entropy(
    logits: NDArray[Real], labels: NDArray[np.integer]
) -> tuple[NDArray[Real], NDArray[Real], NDArray[np.bool_]] | None:
    """``head`` for a few classes without smoothing: the same bits in half the time.

    Classes are the first axis, so that numpy works on long rows, and no targets are made. Returns
    ``None`` if a row has several largest logits or one that is not finite.
    """
    rows = logits.reshape(-1, logits.shape[2])
    columns = np.ascontiguousarray(rows.T)  # (C, n)
    count, labels = len(rows), labels.reshape(-1)
    at = labels * np.intp(count) + np.arange(count)  # where the labels' own logits are
    columns -= columns.max(axis=0)
    if columns.size - np.count_nonzero(columns) != count or not np.isfinite(columns.min()):
        return None
    own = columns.take(at)
    np.exp(columns, out=columns)
    totals = short_rows.added(columns)
    columns /= totals
    columns.reshape(-1)[at] -= 1
    gradients = np.ascontiguousarray(columns.T).reshape(logits.shape)
    shape = logits.shape[:2]
    return (np.log(totals) - own).reshape(shape), gradients, (own == 0).reshape(shape)


def scores(
    network: NetworkSpec, logits: NDArray[Real], answers: NDArray[Real], labels: NDArray[Any]
) -> NDArray[Any]:
    """Which rows are answered correctly (P, B); for measured targets, the squared errors.

    Args:
        network: the network, whose loss gave the answers.
        logits: (P, B, C).
        answers: (P, B, C).
        labels: (P, B) classes, or (P, B, T) labels or measured targets.
    """
    if network.kind == "classes":
        return np.asarray(logits.argmax(axis=2) == labels)
    if network.kind == "labels":
        return np.asarray(((logits > 0) == (labels > 0)).all(axis=2))
    errors = answers - labels
    return np.asarray(short_rows.sums(errors * errors))


def targets(network: NetworkSpec, labels: NDArray[Any], smoothing: NDArray[Real]) -> NDArray[Real]:
    """The wanted answers (P, B, C) of a network, with classes and labels smoothed.

    Args:
        network: the network, whose loss takes them.
        labels: (P, B) classes, or (P, B, T) labels or measured targets.
        smoothing: (P,) the amount of label smoothing, from 0 to 1.
    """
    if network.kind == "classes":
        return smoothed_targets(labels, network.outputs, smoothing)
    share = smoothing[:, None, None]
    wanted: NDArray[Real] = labels.astype(smoothing.dtype, copy=False)
    if network.kind == "labels":
        wanted = np.asarray(wanted * (1 - share) + share / 2, smoothing.dtype)
    return wanted


def smoothed_targets(
    labels: NDArray[np.integer], classes: int, smoothing: NDArray[Real]
) -> NDArray[Real]:
    """One-hot labels (P, B, C), with a fraction of each spread evenly over all classes.

    Szegedy et al., "Rethinking the Inception Architecture", 2016, section 7.

    Args:
        labels: (P, B), from 0 to C - 1.
        classes: C.
        smoothing: (P,) the fractions.
    """
    targets: NDArray[Real] = np.zeros_like(smoothing, shape=(*labels.shape, classes))
    targets.reshape(-1, classes)[np.arange(labels.size), labels.reshape(-1)] = 1
    if smoothing.any():
        share = smoothing[:, None, None]
        targets *= 1 - share
        targets += share / classes
    return targets


def input_gradient(
    deltas: NDArray[Real], weights: NDArray[Real], derivatives: NDArray[Real]
) -> NDArray[Real]:
    """The loss's gradient (P, B, I) with respect to the preactivations of the layer below.

    Args:
        deltas: (P, B, O) the gradient with respect to this layer's preactivations.
        weights: (P, I, O) the weights of this layer.
        derivatives: (P, B, I) the activation's derivatives below, times the dropout mask.
    """
    below: NDArray[Real] = np.matmul(deltas, weights.transpose(0, 2, 1))
    below *= derivatives
    return below


def weight_gradient(
    inputs: NDArray[Real], deltas: NDArray[Real], out: NDArray[Real] | None = None
) -> NDArray[Real]:
    """The gradient (P, I + 1, O) of the weights and, in the last row, the biases.

    It is written to ``out`` if given.
    """
    population, _, units = inputs.shape
    if out is None:
        out = np.empty((population, units + 1, deltas.shape[2]), dtype=inputs.dtype)
    np.matmul(inputs.transpose(0, 2, 1), deltas, out=out[:, :-1])
    if deltas.shape[2] > 1:
        np.einsum("pbo->po", deltas, out=out[:, -1])  # bits of numpy's sum, in half the time
    else:
        np.add.reduce(deltas, axis=1, out=out[:, -1])
    return out


def regularize(
    gradient: NDArray[Real],
    parameters: NDArray[Real],
    l1: NDArray[Real] | None,
    l2: NDArray[Real],
    clip_value: NDArray[Real],
    out: NDArray[Real] | None = None,
) -> NDArray[Real]:
    """The gradient (P, N) plus the gradients of the L1 and L2 penalties, clipped by value.

    Args:
        gradient: (P, N) gradient of the loss.
        parameters: (P, N).
        l1: (P, N) the factor of each parameter's sign, which differs for weights and biases;
            ``None`` if all are 0.
        l2: (P, N) the factor of each parameter.
        clip_value: (P, 1) bound on the size of each element; 0 for none.
        out: where to write the result, if given; it may be the gradient itself.
    """
    regularized: NDArray[Real] = np.add(l2 * parameters, gradient, out=out)
    if l1 is not None:
        regularized += l1 * np.sign(parameters)
    if clip_value.any():
        bounds = np.where(clip_value > 0, clip_value, np.inf).astype(gradient.dtype)
        np.clip(regularized, -bounds, bounds, out=regularized)
    return regularized


def gradient_norm(gradient: NDArray[Real], clip_norm: NDArray[Real]) -> NDArray[Real]:
    """The factor (P, 1) that scales the norm of the gradient (P, N) down to clip_norm (P, 1).

    Pascanu et al., "On the difficulty of training recurrent neural networks", 2013, algorithm 1.
    """
    lengths = np.sqrt(np.vecdot(gradient, gradient))[:, None]  # (P, 1)
    too_long = (clip_norm > 0) & (lengths > clip_norm)
    factors = np.where(too_long, clip_norm / np.where(too_long, lengths, 1), 1)
    return factors.astype(gradient.dtype)


def max_norm(weights: NDArray[Real], bounds: NDArray[Real]) -> None:
    """Scale every unit's incoming weights down to a largest norm, in place.

    Srivastava et al., "Dropout", 2014, section 5.1.

    Args:
        weights: (P, I, O).
        bounds: (P, 1, 1) the largest norm; 0 for none.
    """
    lengths = np.sqrt((weights * weights).sum(axis=1, keepdims=True))  # (P, 1, O)
    too_long = (bounds > 0) & (lengths > bounds)
    weights *= np.where(too_long, bounds / np.where(too_long, lengths, 1), 1)
