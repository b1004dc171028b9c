"""How good predictions are: the confusion matrix and what follows from it, per class.

Takes probabilities and labels as they are. Losses and hits of whole splits are summed where the
samples are, in the engines; tables of these scores belong to ``terminal``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ClassScores",
    "Confusion",
    "class_scores",
    "confused_pairs",
    "confusion_matrix",
    "cross_entropies",
    "predicted_classes",
]

LEAST_PROBABILITY = float(np.finfo(np.float32).tiny)
"""Below it a probability counts as this much, so that a sample's loss stays below 87.4 nats."""


@dataclass(frozen=True, slots=True, eq=False)
class ClassScores:
    """Precision, recall, F1 and support of every class; NaN where a quotient would be 0 / 0.

    Args:
        precision: (C,) float64, right among the samples predicted as the class.
        recall: (C,) float64, right among the samples of the class.
        f1: (C,) float64, the harmonic mean of both.
        support: (C,) int64, samples of the class.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    support: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Confusion:
    """Samples of one class that were taken for another one.

    Args:
        label: the class that they are of.
        prediction: the class that they were taken for.
        count: how many.
    """

    label: int
    prediction: int
    count: int


def predicted_classes(probabilities: NDArray[np.float32]) -> NDArray[np.int64]:
    """The most probable class (n,) of every row (n, C); of equals the first."""
    return np.asarray(probabilities.argmax(axis=1), dtype=np.int64)


def confusion_matrix(
    probabilities: NDArray[np.float32], labels: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Samples (C, C) by true class (rows) and most probable class (columns)."""
    classes = probabilities.shape[1]
    pairs = labels.astype(np.int64) * classes + predicted_classes(probabilities)  # (n,)
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes).astype(np.int64)


def cross_entropies(
    probabilities: NDArray[np.float32], labels: NDArray[np.int32]
) -> NDArray[np.float64]:
    """The loss (n,) of every sample in nats, from its probabilities (n, C); NaN counts as 0."""
    given = probabilities[np.arange(len(labels)), labels].astype(np.float64)  # (n,)
    return -np.log(np.maximum(np.nan_to_num(given, nan=0.0), LEAST_PROBABILITY))


def confused_pairs(matrix: NDArray[np.int64], most: int) -> list[Confusion]:
    """The ``most`` most frequent confusions of a matrix (C, C), the most frequent first."""
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


def _quotient(
    numerators: NDArray[np.int64], denominators: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(C,) quotients, NaN where the denominator is zero."""
    quotients = np.full(len(numerators), np.nan)
    np.divide(numerators, denominators, out=quotients, where=denominators > 0)
    return quotients
