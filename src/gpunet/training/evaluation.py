"""Predicts and evaluates with a trained population.

Several networks predict as one, by the mean of their outputs. ``metrics`` computes the metrics;
``gpunet.model`` defines a model.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from gpunet.config import LOSS_FACTS, Loss
from gpunet.datasets.dataset import Samples
from gpunet.datasets.scaling import Scaling
from gpunet.datasets.source import Source
from gpunet.engine.interface import Engine
from gpunet.engine.metrics import Metrics
from gpunet.errors import DataError, ModelError
from gpunet.model import Model, Scores
from gpunet.rng import permutation
from gpunet.training.metrics import (
    ClassScores,
    TargetScores,
    are_right,
    class_scores,
    confusion_matrix,
    label_scores,
    sample_losses,
    target_scores,
)
from gpunet.training.splits import as_trained_on
from gpunet.training.windows import predict_in_parts

__all__ = [
    "Evaluation",
    "evaluate",
    "joint_scores",
    "own_scores",
    "predict",
    "predict_each",
    "sample_rows",
]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Evaluation:
    """How well a model predicts labeled samples.

    Args:
        overall: the scores of the networks' mean prediction, as from ``joint_scores``.
        networks: (P,) the scores of each network alone.
        answers: (n, C) or (n, T) float32 probabilities of the classes or labels, the mean over the
            networks; or (n, T) float64 measured targets in their own units.
        losses: (n,) float64, the loss of each mean prediction; for classes always cross-entropy.
        right: (n,) which predictions are right; ``None`` for measured targets.
        matrix: (C, C) int64, samples by true class (rows) and predicted class (columns).
        scores: precision, recall, F1 and support of every class or label.
        targets: R2, RMSE and MAE of every measured target.

    Arrays about classes or about measured targets are empty if there are none.
    """

    overall: Scores
    networks: tuple[Scores, ...]
    answers: NDArray[np.float32] | NDArray[np.float64]
    losses: NDArray[np.float64]
    right: NDArray[np.bool_] | None
    matrix: NDArray[np.int64]
    scores: ClassScores
    targets: TargetScores

    @property
    def loss(self) -> float | None:
        """The mean loss, by the model's own loss function; ``None`` if it is not finite."""
        return self.overall.loss

    @property
    def accuracy(self) -> float | None:
        """The fraction of samples predicted right, with all their labels if they have several."""
        return self.overall.accuracy

    @property
    def r2(self) -> float | None:
        """R2, the share of variance explained, as the mean over the measured targets."""
        return self.overall.r2

    @property
    def rmse(self) -> float | None:
        """The root mean squared error, as the mean over the measured targets."""
        return self.overall.rmse

    @property
    def mae(self) -> float | None:
        """The mean absolute error, as the mean over the measured targets."""
        return self.overall.mae

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """(n, C) the probabilities of the classes, or (n, T) of the labels.

        Raises:
            ModelError: the model predicts measured targets.
        """
        if self.right is None:
            raise ModelError("measured targets have no probabilities; use answers instead")
        return np.asarray(self.answers, np.float32)

    def __repr__(self) -> str:
        scores = {name: one for name, one in asdict(self.overall).items() if one is not None}
        told = ", ".join(f"{name} {one:.4g}" for name, one in scores.items())
        return f"<gpunet.Evaluation of {len(self.answers):,} samples: {told}>"


def evaluate(engine: Engine, model: Model, samples: Samples) -> Evaluation:
    """Compare a model's predictions with the labels of samples as they were read.

    Raises:
        DataError: there are no samples, or one cannot be prepared.
        ModelError: the samples do not fit the model.
        DeviceError: the device fails.
    """
    _require_some(samples)
    loss, scaling = model.network.loss, model.target_scaling
    engine.set_parameters(model.parameters)
    mean_weight = None if samples.weights is None else samples.weights.mean(dtype=np.float64)
    given = Source(as_trained_on(samples, scaling, mean_weight), prepare=model.prepare)
    metrics, outputs = predict_in_parts(engine, "test", given)
    mean = np.asarray(outputs.mean(axis=0), dtype=np.float32)
    answers = mean if scaling is None else scaling.to_targets(mean)
    kind, known = LOSS_FACTS[loss].kind, samples.labels
    matrix = confusion_matrix(mean, known) if kind == "classes" else np.zeros((0, 0), np.int64)
    none = np.zeros((0, 0), np.float32)
    compared = (known, answers, samples.weights) if kind == "measured" else (none, none)
    return Evaluation(
        overall=joint_scores(loss, metrics, outputs, samples, scaling),
        networks=own_scores(loss, metrics, outputs, samples, scaling),
        answers=answers,
        losses=sample_losses(loss, mean, given.labels),
        right=None if kind == "measured" else are_right(mean, known),
        matrix=matrix,
        scores=label_scores(mean, known) if kind == "labels" else class_scores(matrix),
        targets=target_scores(*compared),
    )


def own_scores(
    loss: Loss,
    metrics: Metrics,
    outputs: NDArray[np.float32],
    samples: Samples,
    scaling: Scaling | None = None,
) -> tuple[Scores, ...]:
    """The scores of each network alone.

    Args:
        loss: the networks' loss function.
        metrics: each network's sums over the samples.
        outputs: (P, n, C) or (P, n, T) each network's outputs.
        samples: the n samples, as they were read.
        scaling: how measured targets were standardized; ``None`` if they were not.
    """
    losses = metrics.mean_loss.tolist()
    if LOSS_FACTS[loss].kind != "measured":
        return tuple(map(Scores.of, losses, metrics.accuracy.tolist()))
    return tuple(
        _measured(cost, own, samples, scaling) for cost, own in zip(losses, outputs, strict=True)
    )


def joint_scores(
    loss: Loss,
    metrics: Metrics,
    outputs: NDArray[np.float32],
    samples: Samples,
    scaling: Scaling | None = None,
) -> Scores:
    """The scores of the networks' mean prediction; a single network's own scores.

    The loss is that of the mean prediction. Only the quadratic loss cannot be computed from
    probabilities, so it is the mean of the networks' losses. Arguments are those of
    ``own_scores``.
    """
    if len(metrics.seen) == 1 or not len(samples):
        return own_scores(loss, metrics, outputs, samples, scaling)[0]
    mean = np.asarray(outputs.mean(axis=0), dtype=np.float32)
    loss_together = float(metrics.mean_loss.mean())
    if loss != "quadratic":
        labels = as_trained_on(samples, scaling, None).labels
        loss_together = float(
            np.average(sample_losses(loss, mean, labels), weights=samples.weights)
        )
    if LOSS_FACTS[loss].kind == "measured":
        return _measured(loss_together, mean, samples, scaling)
    right = np.average(are_right(mean, samples.labels), weights=samples.weights)
    return Scores.of(loss_together, float(right))


def _measured(
    loss: float, outputs: NDArray[np.float32], samples: Samples, scaling: Scaling | None
) -> Scores:
    """The scores of outputs (n, T) for measured targets, in the targets' own units."""
    if not len(outputs):
        return Scores(None, None)
    answers = outputs if scaling is None else scaling.to_targets(outputs)
    each = target_scores(samples.labels, answers, samples.weights)
    means = (float(values.mean()) for values in (each.r2, each.rmse, each.mae))
    return Scores.of(loss, None, *means)


def predict(
    engine: Engine, model: Model, samples: Samples
) -> NDArray[np.float32] | NDArray[np.float64]:
    """A model's predictions for prepared samples, the mean over its networks.

    Returns:
        (n, C) or (n, T) float32, the probabilities of classes or labels; or (n, T) float64,
        measured targets in their own units.

    Raises:
        DataError: there are no samples.
        DeviceError: the samples do not fit the device.
    """
    mean = np.asarray(_outputs(engine, model, samples).mean(axis=0), dtype=np.float32)
    return _in_own_units(mean, model)


def predict_each(
    engine: Engine, model: Model, samples: Samples
) -> NDArray[np.float32] | NDArray[np.float64]:
    """Each network's own predictions, (P, n, C) or (P, n, T); see ``predict``."""
    return _in_own_units(_outputs(engine, model, samples), model)


def _outputs(engine: Engine, model: Model, samples: Samples) -> NDArray[np.float32]:
    """The outputs (P, n, C) of a model's networks."""
    _require_some(samples)
    engine.set_parameters(model.parameters)
    engine.load("test", samples)
    return engine.predict("test")


def _in_own_units(
    outputs: NDArray[np.float32], model: Model
) -> NDArray[np.float32] | NDArray[np.float64]:
    """Outputs (..., C) unchanged, or measured targets (..., T) in their own units."""
    if model.target_scaling is not None:
        return model.target_scaling.to_targets(outputs)
    return outputs.astype(np.float64) if model.network.kind == "measured" else outputs


def _require_some(samples: Samples) -> None:
    if not len(samples):
        raise DataError(
            "there are no samples to answer; give at least one, or data that have a test set"
        )


def sample_rows(
    total: int,
    count: int,
    seed: int,
    *,
    among: NDArray[np.bool_] | None = None,
    losses: NDArray[np.float64] | None = None,
) -> NDArray[np.int64]:
    """The rows of at most ``count`` samples to show.

    They are drawn at random from the rows where ``among`` (n,) is true. With ``losses`` (n,) they
    are those of the largest losses instead, the largest first.
    """
    rows = np.arange(total, dtype=np.int64)  # (n,)
    if among is not None:
        rows = rows[among]
    if losses is not None:
        return rows[np.argsort(-losses[rows], kind="stable")[:count]]
    return np.sort(rows[permutation(seed, 0, len(rows))[:count]])
