"""Metrics of predictions: confusion of classes and labels, errors of measured targets.

They need only predictions and labels. Engines sum losses and correct predictions of whole splits
themselves, on the device; ``terminal`` prints these metrics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config import LOSS_FACTS, Loss
from gpunet.engine.reference import kernels

__all__ = [
    "ClassScores",
    "Confusion",
    "TargetScores",
    "are_right",
    "class_scores",
    "confused_pairs",
    "confusion_matrix",
    "cross_entropies",
    "label_scores",
    "predicted_classes",
    "predicted_labels",
    "probability_of",
    "sample_losses",
    "target_scores",
    "variances",
]

LEAST_PROBABILITY = float(np.finfo(np.float32).tiny)
"""The least probability in a logarithm, so that a sample's loss stays below 87.4 nats."""


@dataclass(frozen=True, slots=True, eq=False)
class ClassScores:
    """Precision, recall, F1 and support of every class or label; NaN for 0 / 0.

    Every sample counts once, whatever its weight.

    Args:
        precision: (C,) float64, the share of right ones among the samples predicted as the class.
        recall: (C,) float64, the share of right ones among the samples of the class.
        f1: (C,) float64, the harmonic mean of precision and recall.
        support: (C,) int64, the number of samples of the class.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    support: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class TargetScores:
    """Errors of the predictions for each of T measured targets, as scikit-learn defines them.

    Args:
        r2: (T,) float64, 1 minus the squared error divided by that of the target's own mean: 1
            for no error, 0 if the mean predicts as well, below 0 if it predicts better. For a
            constant target it is 1, or 0 with any error; NaN for fewer than two samples.
        rmse: (T,) float64, the root mean squared error, in the target's unit.
        mae: (T,) float64, the mean absolute error, in the target's unit.
    """

    r2: NDArray[np.float64]
    rmse: NDArray[np.float64]
    mae: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Confusion:
    """Samples of one class that were predicted as another.

    Args:
        label: the true class.
        prediction: the predicted class.
        count: the number of samples.
    """

    label: int
    prediction: int
    count: int


def predicted_classes(probabilities: NDArray[np.float32]) -> NDArray[np.int64]:
    """The most probable class (n,) of every row (n, C); the first one if several are equal."""
    return np.asarray(probabilities.argmax(axis=1), dtype=np.int64)


def predicted_labels(probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The labels (n, T) that are more probable than not."""
    return np.asarray(probabilities > 0.5)


def are_right(probabilities: NDArray[np.float32], labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Which samples (n,) are predicted right.

    Args:
        probabilities: (n, C) of classes, or (n, T) of labels.
        labels: (n,) classes, or (n, T) labels, which must all be right.
    """
    if labels.ndim == 1:
        return np.asarray(predicted_classes(probabilities) == labels)
    return np.asarray((predicted_labels(probabilities) == (labels > 0.5)).all(axis=1))


def probability_of(labels: NDArray[Any], probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) the predicted probability of the classes (n,), or of all labels (n, T) together."""
    if labels.ndim == 1:
        return np.asarray(probabilities[np.arange(len(labels)), labels])
    return np.asarray(np.where(labels > 0, probabilities, 1 - probabilities).prod(axis=1))


def confusion_matrix(
    probabilities: NDArray[np.float32], labels: NDArray[np.int32]
) -> NDArray[np.int64]:
    """The number of samples (C, C) by true class (rows) and most probable class (columns)."""
    classes = probabilities.shape[1]
    pairs = labels.astype(np.int64) * classes + predicted_classes(probabilities)  # (n,)
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes).astype(np.int64)


def cross_entropies(
    probabilities: NDArray[np.float32], labels: NDArray[np.int32]
) -> NDArray[np.float64]:
    """The loss (n,) of every sample in nats from probabilities (n, C); NaN counts as 0."""
    given = probabilities[np.arange(len(labels)), labels].astype(np.float64)  # (n,)
    return -np.log(np.maximum(np.nan_to_num(given, nan=0.0), LEAST_PROBABILITY))


def sample_losses(
    loss: Loss, answers: NDArray[np.floating[Any]], labels: NDArray[Any]
) -> NDArray[np.float64]:
    """The loss (n,) of every sample; for classes the cross-entropy, whatever ``loss`` is.

    Args:
        loss: the network's loss function.
        answers: probabilities (n, C) or (n, T), or measured targets in the scale of training.
        labels: (n,) classes, (n, T) labels, or targets in the scale of training. A loss that would
            be NaN is infinite.
    """
    facts = LOSS_FACTS[loss]
    if facts.kind == "classes":
        return cross_entropies(answers.astype(np.float32, copy=False), labels)
    logits = LOGITS[facts.output](answers.astype(np.float64))
    with np.errstate(all="ignore"):  # of a network that has diverged
        losses = kernels.loss(loss)(logits[None], labels[None].astype(np.float64))[0][0]
    return np.where(np.isnan(losses), np.inf, losses)


def _log(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log(np.maximum(values, LEAST_PROBABILITY))


LOGITS: Mapping[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "sigmoid": lambda shares: _log(shares) - _log(1 - shares),
    "identity": lambda values: values,
    "exp": _log,
}
"""How to get logits back from predictions, by the output function."""


def confused_pairs(matrix: NDArray[np.int64], most: int) -> list[Confusion]:
    """The ``most`` most frequent confusions in a matrix (C, C), the most frequent first."""
    mistakes = matrix.copy()
    np.fill_diagonal(mistakes, 0)
    order = np.argsort(-mistakes, axis=None, kind="stable")[:most]
    labels, predictions = np.unravel_index(order, mistakes.shape)
    pairs = zip(labels.tolist(), predictions.tolist(), strict=True)
    return [
        Confusion(label, prediction, int(mistakes[label, prediction]))
        for label, prediction in pairs
        if mistakes[label, prediction]
    ]


def class_scores(matrix: NDArray[np.int64]) -> ClassScores:
    """Precision, recall, F1 and support of every class of a confusion matrix (C, C)."""
    hits = np.diagonal(matrix)  # (C,)
    support = matrix.sum(axis=1)  # (C,)
    predicted = matrix.sum(axis=0)  # (C,)
    return ClassScores(
        precision=_quotient(hits, predicted),
        recall=_quotient(hits, support),
        f1=_quotient(2 * hits, support + predicted),
        support=support,
    )


def label_scores(probabilities: NDArray[np.float32], labels: NDArray[np.float32]) -> ClassScores:
    """Precision, recall, F1 and support of every label, from probabilities and labels (n, T)."""
    predicted, wanted = predicted_labels(probabilities), labels > 0.5
    hits = (predicted & wanted).sum(axis=0)  # (T,)
    support = wanted.sum(axis=0)  # (T,)
    return ClassScores(
        precision=_quotient(hits, predicted.sum(axis=0)),
        recall=_quotient(hits, support),
        f1=_quotient(2 * hits, support + predicted.sum(axis=0)),
        support=support.astype(np.int64),
    )


def target_scores(
    targets: NDArray[np.floating[Any]],
    predictions: NDArray[np.floating[Any]],
    weights: NDArray[np.floating[Any]] | None = None,
) -> TargetScores:
    """R2, RMSE and MAE of predictions (n, T) for measured targets (n, T).

    Both are in the same units; ``weights`` (n,) say how much each sample counts.
    """
    wanted, found = (values.astype(np.float64) for values in (targets, predictions))
    with np.errstate(all="ignore"):  # of a network that has diverged
        errors = found - wanted
        squared = _mean(errors**2, weights)  # (T,)
        spread = variances(wanted, weights)  # (T,)
        shares = np.divide(squared, spread, out=(squared != 0).astype(float), where=spread != 0)
        r2 = 1 - shares if len(wanted) > 1 else np.full(len(squared), np.nan)
        return TargetScores(r2, np.sqrt(squared), _mean(np.abs(errors), weights))


def variances(
    targets: NDArray[np.floating[Any]], weights: NDArray[np.floating[Any]] | None = None
) -> NDArray[np.float64]:
    """The variance (T,) of each measured target (n, T), exactly 0 if all values are equal.

    ``weights`` (n,) say how much each sample counts.
    """
    apart = np.asarray(targets - targets[:1].astype(np.float64), np.float64)
    return _mean((apart - _mean(apart, weights)) ** 2, weights)


def _mean(
    values: NDArray[np.float64], weights: NDArray[np.floating[Any]] | None
) -> NDArray[np.float64]:
    """The weighted means (T,) of columns (n, T); NaN for no rows."""
    total = len(values) if weights is None else weights.sum(dtype=np.float64)
    weighted = values if weights is None else values * weights[:, None].astype(np.float64)
    return np.asarray(
        weighted.sum(axis=0) / total if len(values) else np.full(values.shape[1:], np.nan)
    )


def _quotient(
    numerators: NDArray[np.int64], denominators: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(C,) quotients, NaN where the denominator is zero."""
    quotients = np.full(len(numerators), np.nan)
    np.divide(numerators, denominators, out=quotients, where=denominators > 0)
    return quotients
