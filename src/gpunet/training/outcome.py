"""Judges a run's test scores: how certain they are, and whether it learned nothing or too little.

``cli`` prints the judgment and advises what to do.
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
"""A model must beat guessing by so many standard deviations of its number of hits."""

GROSSLY = 2.0
"""A loss is worse than guessing from so many times the loss of equal shares for every class."""

CONFIDENCE = 1.96
"""Standard errors on either side of a value that include the truth in 95 of 100 test sets."""

FEWEST = 20
"""With fewer test samples than this, a run is not judged."""


@dataclass(frozen=True, slots=True)
class Guessing:
    """The scores of guessing, with which a model is compared.

    Args:
        answer: the most frequent class among the test samples, counted from 0, or the most
            frequent set of labels.
        share: the fraction of samples that have it: the accuracy of always predicting it.
        loss: the loss of giving every class, or both values of a label, an equal share.
    """

    answer: tuple[int, ...]
    share: float
    loss: float


def no_better_than_the_mean(result: TrainingResult, scores: Scores) -> bool:
    """Whether the kept weights explain no variance of the measured targets in the test set."""
    enough = result.best_epoch and result.counts["test"] >= FEWEST
    return bool(enough) and scores.r2 is not None and scores.r2 <= 0


def no_better_than_guessing(
    config: TrainConfig, result: TrainingResult, scores: Scores, dataset: Dataset
) -> Guessing | None:
    """The guess that the kept weights do not beat on the test samples; ``None`` if they beat it.

    There are two cases. Either the accuracy is no higher than the share of the most frequent class,
    within chance, and the loss is no lower than that of always predicting each class's share. Or
    the loss is far above that of equal shares. Class weights move predictions away from the most
    frequent class, so that with them only the second case counts. For labels it is the most
    frequent set of labels, and each label has its own share.
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
"""The loss of predicting the classes' or labels' own shares (C,); other losses are not judged."""


def still_falling(result: TrainingResult) -> bool:
    """Whether a run used all its epochs and each of the last ones was still an improvement."""
    losses = [record.monitored_loss for record in result.history]
    last = max(1, len(losses) // 3)
    if result.stop_reason != "epochs" or len(losses) < 3:
        return False
    improving = all(
        after < before for before, after in zip(losses[-1 - last :], losses[-last:], strict=False)
    )
    return improving and result.history[-1].monitored_score < 1


def accuracy_margin(accuracy: float, samples: Samples) -> float:
    """The margin of error of an accuracy from the choice of its samples, as a fraction.

    Half the width of Wilson's 95 % interval, which unlike the binomial standard error is not 0 if
    all samples are right. Weighted samples have an effective number: the squared sum of the weights
    divided by the sum of their squares.

    Example: 97 % of 10,000 samples is exact to 0.33 points, 100 % of 30 samples to 5.7.
    """
    count, z2 = _worth(samples), CONFIDENCE**2
    spread = math.sqrt(accuracy * (1 - accuracy) / count + z2 / (4 * count**2))
    return CONFIDENCE / (1 + z2 / count) * spread


def rmse_margin(answers: NDArray[np.floating[Any]], samples: Samples) -> float:
    """The margin of error of an RMSE from the choice of its samples, in the units of the targets.

    1.96 standard errors of the RMSE, derived from that of the mean squared error.

    Args:
        answers: (n, T) predictions in the units of the samples' targets.
        samples: the n samples.
    """
    squares = (answers.astype(np.float64) - samples.labels) ** 2  # (n, T)
    means = np.average(squares, axis=0, weights=samples.weights)  # (T,)
    roots = np.where(means > 0, np.sqrt(means), 1.0)
    deviations = ((squares - means) / (2 * roots)).mean(axis=1)  # (n,)
    variance = float(np.average(deviations**2, weights=samples.weights))
    return CONFIDENCE * math.sqrt(variance / _worth(samples))


def _worth(samples: Samples) -> float:
    """The effective number of weighted samples."""
    if samples.weights is None:
        return float(len(samples))
    weights = samples.weights.astype(np.float64)
    return float(weights.sum() ** 2 / (weights**2).sum())
