"""What a run's scores say of it: that nothing was learned, or that it ended too early.

Owns the judgment; how it is printed, and what to do about it, belongs to ``cli``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpunet.config import Loss, TrainConfig
from gpunet.training.result import TrainingResult

__all__ = ["Guessing", "no_better_than_guessing", "still_falling"]

DEVIATIONS = 2.0
"""Standard deviations of a guesser's hits that a model must be above to be better."""

GROSSLY = 2.0
"""Times the loss of equal shares for every class, from which on a loss is worse than guessing."""

FEWEST = 20
"""Test samples below which nothing can be said."""


@dataclass(frozen=True, slots=True)
class Guessing:
    """What guessing would give, which a model is compared with.

    Args:
        commonest: the class that the test samples have most, counted from 0.
        share: the fraction of samples of that class: the accuracy of always answering it.
        loss: the loss of giving every class an equal share.
    """

    commonest: int
    share: float
    loss: float


def no_better_than_guessing(
    config: TrainConfig, result: TrainingResult, labels: NDArray[np.int32], classes: int
) -> Guessing | None:
    """What the kept weights are no better than on the test samples, if so.

    They are if they are right no more often than the commonest class comes, up to what chance
    would give, and their loss is not below that of always giving each class its share; or if
    their loss is far above that of equal shares. Weights of classes move the answers away from
    the commonest one, so that only the latter is asked there.

    Args:
        config: how it was trained.
        result: what came of it.
        labels: (n,) of the test samples.
        classes: their number, C.
    """
    scores = result.joint_scores(config.in_effect("loss"), labels)
    guessed = GUESSED.get(config.in_effect("loss"))
    if scores.accuracy is None or not result.best_epoch or len(labels) < FEWEST or not guessed:
        return None
    shares = np.bincount(labels, minlength=classes) / len(labels)  # (C,)
    commonest = int(shares.argmax())
    share = float(shares[commonest])
    loss = math.inf if scores.loss is None else scores.loss
    equal, best_guess = guessed(np.full(classes, 1 / classes)), guessed(shares)
    chance = share + DEVIATIONS * math.sqrt(share * (1 - share) / len(labels))
    unlearnt = scores.accuracy <= chance and loss >= best_guess and config.class_weights == "none"
    if unlearnt or loss > GROSSLY * equal:
        return Guessing(commonest, share, equal)
    return None


def _quadratic(shares: NDArray[np.float64]) -> float:
    return float(1 - (shares**2).sum()) / 2


def _cross_entropy(shares: NDArray[np.float64]) -> float:
    present = shares[shares > 0]
    return float(-(present * np.log(present)).sum())


GUESSED: Mapping[Loss, Callable[[NDArray[np.float64]], float]] = {
    "cross-entropy": _cross_entropy,
    "quadratic": _quadratic,
}
"""The loss of answering with the classes' own shares (C,); without a row a run is not judged."""


def still_falling(config: TrainConfig, result: TrainingResult) -> bool:
    """Whether a run came to the end of its epochs while every one of the last was a better one."""
    losses = [record.monitored_loss for record in result.history]
    last = max(1, len(losses) // 3)
    if result.stop_reason != "epochs" or len(losses) < 3:
        return False
    improving = all(
        after < before for before, after in zip(losses[-1 - last :], losses[-last:], strict=False)
    )
    return improving and result.history[-1].monitored_score < 1
