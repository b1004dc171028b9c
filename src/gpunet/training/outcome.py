"""What a run's scores say of it: how sure they are, that nothing was learned, or too little.

Owns the judgment; how it is printed, and what to do about it, belongs to ``cli``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config import Loss, TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.model import Scores
from gpunet.training.result import TrainingResult

__all__ = [
    "Guessing",
    "accuracy_margin",
    "no_better_than_guessing",
    "no_better_than_the_mean",
    "rmse_margin",
    "still_falling",
]

DEVIATIONS = 2.0
"""Standard deviations of a guesser's hits that a model must be above to be better."""

GROSSLY = 2.0
"""Times the loss of equal shares for every class, from which on a loss is worse than guessing."""

CONFIDENCE = 1.96
"""Standard errors on either side of a figure that hold the truth in 95 of 100 test sets."""

FEWEST = 20
"""Test samples below which nothing can be said."""


@dataclass(frozen=True, slots=True)
class Guessing:
    """What guessing would give, which a model is compared with.

    Args:
        answer: the class that the test samples have most, counted from 0, or those labels that
            the commonest samples have.
        share: the fraction of samples that have it: the accuracy of always answering it.
        loss: the loss of giving every class, or either value of a label, an equal share.
    """

    answer: tuple[int, ...]
    share: float
    loss: float


def no_better_than_the_mean(result: TrainingResult, scores: Scores) -> bool:
    """Whether the kept weights explain nothing of the variance of measured targets in the test."""
    enough = result.best_epoch and result.counts["test"] >= FEWEST
    return bool(enough) and scores.r2 is not None and scores.r2 <= 0


def no_better_than_guessing(
    config: TrainConfig, result: TrainingResult, scores: Scores, dataset: Dataset
) -> Guessing | None:
    """What the kept weights are no better than on the test samples, if so.

    There are two such cases. Either the answers are right no more often than the commonest class
    comes, up to what chance would give, and their loss is not below that of always giving each
    class its share. Or their loss is far above that of equal shares. Class weights move answers
    away from the commonest class, so that only the second case counts with them. For labels it is
    the commonest set of labels, and each label has a share of its own.
    """
    labels, weights = dataset.test.labels, dataset.test.weights
    guessed = GUESSED.get(config.in_effect("loss"))
    if scores.accuracy is None or not result.best_epoch or len(labels) < FEWEST or not guessed:
        return None
    if labels.ndim == 1:
        shares = np.bincount(labels, weights, dataset.outputs) / _total(labels, weights)  # (C,)
        answer: tuple[int, ...] = (int(shares.argmax()),)
        share, even = float(shares.max()), np.full(len(shares), 1 / len(shares))
    else:
        shares = np.average(labels, axis=0, weights=weights)  # (T,)
        sets, which = np.unique(labels, axis=0, return_inverse=True)
        of_sets = np.bincount(which.ravel(), weights) / _total(labels, weights)
        answer = tuple(np.flatnonzero(sets[of_sets.argmax()]).tolist())
        share, even = float(of_sets.max()), np.full(len(shares), 0.5)
    loss = math.inf if scores.loss is None else scores.loss
    equal, best_guess = guessed(even), guessed(shares)
    chance = share + DEVIATIONS * math.sqrt(share * (1 - share) / len(labels))
    unlearnt = scores.accuracy <= chance and loss >= best_guess and config.class_weights == "none"
    if unlearnt or loss > GROSSLY * equal:
        return Guessing(answer, share, equal)
    return None


def _total(labels: NDArray[Any], weights: NDArray[np.float32] | None) -> float:
    return len(labels) if weights is None else float(weights.sum(dtype=np.float64))


def _quadratic(shares: NDArray[np.float64]) -> float:
    return float(1 - (shares**2).sum()) / 2


def _cross_entropy(shares: NDArray[np.float64]) -> float:
    present = shares[shares > 0]
    return float(-(present * np.log(present)).sum())


def _binary_cross_entropy(shares: NDArray[np.float64]) -> float:
    return _cross_entropy(shares) + _cross_entropy(1 - shares)


GUESSED: Mapping[Loss, Callable[[NDArray[np.float64]], float]] = {
    "cross-entropy": _cross_entropy,
    "quadratic": _quadratic,
    "binary-cross-entropy": _binary_cross_entropy,
}
"""The loss of answering with the classes' or labels' own shares (C,); others are not judged."""


def still_falling(result: TrainingResult) -> bool:
    """Whether a run came to the end of its epochs while every one of the last was a better one."""
    losses = [record.monitored_loss for record in result.history]
    last = max(1, len(losses) // 3)
    if result.stop_reason != "epochs" or len(losses) < 3:
        return False
    improving = all(
        after < before for before, after in zip(losses[-1 - last :], losses[-last:], strict=False)
    )
    return improving and result.history[-1].monitored_score < 1


def accuracy_margin(accuracy: float, samples: Samples) -> float:
    """How far an accuracy may be off by the luck of its samples, as a fraction.

    Half the width of Wilson's 95 % interval of a share, which unlike the binomial standard error
    is not 0 where all samples are right. Weighted samples count as as many as their weights are
    worth: the squared sum of the weights over the sum of their squares.

    Example: 97 % of 10,000 samples are right to 0.33 points, 100 % of 30 to 5.7.
    """
    count, z2 = _worth(samples), CONFIDENCE**2
    spread = math.sqrt(accuracy * (1 - accuracy) / count + z2 / (4 * count**2))
    return CONFIDENCE / (1 + z2 / count) * spread


def rmse_margin(answers: NDArray[np.floating[Any]], samples: Samples) -> float:
    """How far an RMSE may be off by the luck of its samples, in the units of the targets.

    1.96 standard errors, that of the mean squared error carried over to its root.

    Args:
        answers: (n, T) in the units of the samples' targets.
        samples: n of them.
    """
    squares = (answers.astype(np.float64) - samples.labels) ** 2  # (n, T)
    means = np.average(squares, axis=0, weights=samples.weights)  # (T,)
    roots = np.where(means > 0, np.sqrt(means), 1.0)
    deviations = ((squares - means) / (2 * roots)).mean(axis=1)  # (n,)
    variance = float(np.average(deviations**2, weights=samples.weights))
    return CONFIDENCE * math.sqrt(variance / _worth(samples))


def _worth(samples: Samples) -> float:
    """Equal samples that say as much as these weighted ones."""
    if samples.weights is None:
        return float(len(samples))
    weights = samples.weights.astype(np.float64)
    return float(weights.sum() ** 2 / (weights**2).sum())
