"""The fitted attributes of an estimator: weights, curves, and state for ``partial_fit``."""

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
"""Schedules whose learning rate reaches its end in the last epoch."""

OUTPUT_NAMES: Mapping[str, str] = {"sigmoid": "logistic"}
"""Output activations whose names in scikit-learn and gpunet differ."""


@dataclass(slots=True)
class Optimizer:
    """The state of the optimizer between two calls.

    Args:
        moments: (M, P, N) moments.
        steps: number of steps taken in all.
        epochs: number of epochs done in all.
        learning_rate: learning rate of the next epoch.
        plateau: state of the schedule ``adaptive``.
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
    """Store trained weights, curves and state in an estimator.

    Args:
        estimator: the estimator that ``task_of`` got.
        task: the task that ``task_of`` returned.
        parameters: (P, N) parameters of its networks.
        history: one record per epoch, with means over the networks.
        stop_reason: why the training ended.
        scaling: scaling of the features, unless the user scales them.
        target_scaling: scaling of the targets, unless the user scales them.
        goes_on: whether the new curves are appended to the estimator's.

    Raises:
        ValueError: the training has diverged.
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
    """Store the losses and scores of all epochs, and the best of them."""

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
    """The validation score of an epoch; NaN if it is not finite."""
    score = math.nan if record.val_score is None else float(record.val_score)
    return score if math.isfinite(score) else math.nan


def wanted_more(config: TrainConfig, epochs: int) -> bool:
    """Whether a training ended only because it reached its number of epochs."""
    return epochs == config.effective_epochs and config.schedule not in ENDING


def next_rate(estimator: Estimator, reductions: int) -> float:
    """The learning rate for the next epoch of ``partial_fit``, by scikit-learn's schedules."""
    rate = float(estimator.learning_rate_init)
    if estimator.solver != "sgd":
        return rate
    if estimator.learning_rate == "invscaling":
        return float(rate / float(estimator.t_ + 1) ** estimator.power_t)
    if estimator.learning_rate == "adaptive":
        return rate * ADAPTIVE_DECAY**reductions
    return rate
