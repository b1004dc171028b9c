"""What a training makes of an estimator: weights, curves, and what ``partial_fit`` goes on with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config import LOSS_FACTS, TrainConfig
from gpunet.datasets.scaling import Scaling
from gpunet.sklearn.parameters import ADAPTIVE_DECAY
from gpunet.sklearn.tasks import Task
from gpunet.sklearn.weights import set_weights
from gpunet.training.events import EpochRecord, StopReason
from gpunet.training.schedules import Plateau
from gpunet.training.stopping import EarlyStopping, monitored

if TYPE_CHECKING:
    from gpunet.sklearn.estimators import Estimator

__all__ = ["Optimizer", "adopt", "next_rate", "wanted_more"]

ENDING = ("cosine", "coslog4", "linear", "one-cycle")
"""Schedules that bring the learning rate to its end with the last epoch."""

OUTPUT_NAMES: Mapping[str, str] = {"sigmoid": "logistic"}
"""What turns the last layer's values into answers, by scikit-learn's name where it has another."""


@dataclass(slots=True)
class Optimizer:
    """What the optimizer knows between two calls.

    Args:
        moments: (M, P, N).
        steps: taken in all.
        epochs: done in all.
        learning_rate: of the next epoch.
        plateau: counts the reductions of ``adaptive``.
    """

    moments: NDArray[np.float32]
    steps: int
    epochs: int
    learning_rate: float
    plateau: Plateau


def adopt(
    estimator: Estimator,
    task: Task,
    parameters: NDArray[np.floating[Any]],
    history: Sequence[EpochRecord],
    stop_reason: StopReason,
    *,
    scaling: Scaling | None = None,
    target_scaling: Scaling | None = None,
    goes_on: bool = False,
) -> None:
    """Make a fitted estimator of what was trained for it.

    Args:
        estimator: that ``task_of`` got.
        task: what that gave.
        parameters: (P, N) of its networks.
        history: one record per epoch; the means over the networks if they are several.
        stop_reason: why no further epoch followed.
        scaling: of the features that the networks take, if it is not the user's.
        target_scaling: of the targets, likewise.
        goes_on: whether the curves continue those of the estimator.

    Raises:
        ValueError: the training has diverged, so that there is nothing to use.
    """
    config = task.config
    network = config.network(task.dataset.inputs, task.dataset.outputs)
    diverged = stop_reason == "diverged" and config.keep == "last"
    if diverged or not np.isfinite(parameters).all():
        raise ValueError(
            "the weights are no longer finite, as the training has diverged: features, measured "
            "targets or learning_rate_init may be too large; scale them first, for example with "
            "StandardScaler"
        )
    set_weights(estimator, parameters, network, task.kind)
    estimator._scaling, estimator._target_scaling = scaling, target_scaling
    estimator.n_layers_ = len(network.layers) + 1
    estimator.n_outputs_ = network.outputs
    output = LOSS_FACTS[network.loss].output
    estimator.out_activation_ = OUTPUT_NAMES.get(output, output)
    estimator.n_iter_ = len(history)
    samples = len(history) * len(task.dataset.train)
    estimator.t_ = samples + (getattr(estimator, "t_", 0) if goes_on else 0)
    _keep_curves(estimator, task, history, goes_on=goes_on)


def _keep_curves(
    estimator: Estimator, task: Task, history: Sequence[EpochRecord], *, goes_on: bool
) -> None:
    """The losses and scores by epoch, and the best of them."""

    def curve(name: str, values: list[float]) -> list[float]:
        before = getattr(estimator, name, None) if goes_on else None
        return [*(before or []), *values]

    estimator.loss_curve_ = curve("loss_curve_", task.losses(history, "train_loss"))
    estimator.loss_ = estimator.loss_curve_[-1] if estimator.loss_curve_ else math.nan
    estimator.best_loss_ = min(estimator.loss_curve_, default=math.inf)
    estimator.validation_loss_curve_ = estimator.validation_scores_ = None
    estimator.best_validation_score_ = None
    if any(record.val_loss is not None for record in history):
        losses = task.losses(history, "val_loss")
        estimator.validation_loss_curve_ = curve("validation_loss_curve_", losses)
        scores = [_score(record) for record in history]
        estimator.validation_scores_ = curve("validation_scores_", scores)
        known = [one for one in estimator.validation_scores_ if not math.isnan(one)]
        estimator.best_validation_score_ = max(known, default=-math.inf)
    if estimator.early_stopping:
        estimator.best_loss_ = None
    watch = EarlyStopping(task.config)
    for record in history:
        watch.observe(record.epoch, monitored(task.config, record))
    estimator._no_improvement_count = watch.waited


def _score(record: EpochRecord) -> float:
    """The score of an epoch on the samples held out; NaN where it is not finite."""
    score = math.nan if record.val_score is None else float(record.val_score)
    return score if math.isfinite(score) else math.nan


def wanted_more(config: TrainConfig, epochs: int) -> bool:
    """Whether a training of so many epochs was ended by their number, and by no schedule."""
    return epochs == config.effective_epochs and config.schedule not in ENDING


def next_rate(estimator: Estimator, reductions: int) -> float:
    """The learning rate of the next epoch of ``partial_fit``, by scikit-learn's three schedules."""
    rate = float(estimator.learning_rate_init)
    if estimator.solver != "sgd":
        return rate
    if estimator.learning_rate == "invscaling":
        return float(rate / float(estimator.t_ + 1) ** estimator.power_t)
    if estimator.learning_rate == "adaptive":
        return rate * ADAPTIVE_DECAY**reductions
    return rate
