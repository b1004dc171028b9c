"""Using a trained population: its answers, its loss, its mistakes.

Several networks answer as one, with the mean of their outputs. The counting belongs to
``metrics``, what a model is to ``gpunet.model``.
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
    """How a model did on labeled samples.

    Args:
        overall: of the networks' joint answer, as ``joint_scores`` gives them.
        networks: (P,) what each network's own answers come to.
        answers: (n, C) or (n, T) float32 probabilities of the classes or labels, the mean over the
            networks; or (n, T) float64 measured targets in their own units.
        losses: (n,) float64, what each joint answer costs; of classes always its cross-entropy.
        right: (n,) which answers are right; ``None`` where targets are measured.
        matrix: (C, C) int64, samples by true class (rows) and predicted class (columns).
        scores: precision, recall, F1 and support of every class or label.
        targets: R2, RMSE and MAE of every measured target.

    Where there are no classes or no measured targets, the arrays that tell of them are empty.
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
        """The mean of the model's own loss; ``None`` if it is not finite."""
        return self.overall.loss

    @property
    def accuracy(self) -> float | None:
        """The fraction that is right, all labels of a sample if it has several."""
        return self.overall.accuracy

    @property
    def r2(self) -> float | None:
        """The mean over the measured targets of R2, the share of variance that is explained."""
        return self.overall.r2

    @property
    def rmse(self) -> float | None:
        """The mean over the measured targets of the root mean squared error."""
        return self.overall.rmse

    @property
    def mae(self) -> float | None:
        """The mean over the measured targets of the mean absolute error."""
        return self.overall.mae

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """(n, C) the probabilities of classes, or (n, T) of labels.

        Raises:
            ModelError: targets are measured.
        """
        if self.right is None:
            raise ModelError("measured targets have no probabilities; take answers in their place")
        return np.asarray(self.answers, np.float32)

    def __repr__(self) -> str:
        scores = {name: one for name, one in asdict(self.overall).items() if one is not None}
        told = ", ".join(f"{name} {one:.4g}" for name, one in scores.items())
        return f"<gpunet.Evaluation of {len(self.answers):,} samples: {told}>"


def evaluate(engine: Engine, model: Model, samples: Samples) -> Evaluation:
    """Compare a model's answers with the labels of samples as they were read.

    Raises:
        DataError: there are no samples, or one cannot be prepared.
        ModelError: they do not fit the model.
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
    """The scores of each network's own answers.

    Args:
        loss: of the networks.
        metrics: sums of each network.
        outputs: (P, n, C) or (P, n, T) of each network.
        samples: n of them, as they were read.
        scaling: of measured targets; ``None`` if there are none, or they were not standardized.
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
    """What the networks come to together: their own scores, if it is one alone.

    The loss of several is that of their mean answer. Quadratic losses cannot be had from
    probabilities, so theirs is the mean of the networks' losses. Arguments are those of
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
    """A model's answers to prepared samples, the mean over its networks.

    Returns:
        (n, C) or (n, T) float32, the probabilities of classes or labels; or (n, T) float64,
        measured targets in their own units.

    Raises:
        DataError: there are no samples.
        DeviceError: they do not fit the device.
    """
    mean = np.asarray(_outputs(engine, model, samples).mean(axis=0), dtype=np.float32)
    return _in_own_units(mean, model)


def predict_each(
    engine: Engine, model: Model, samples: Samples
) -> NDArray[np.float32] | NDArray[np.float64]:
    """What each network of a model answers alone, (P, n, C) or (P, n, T), as ``predict`` tells."""
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
    """Outputs (..., C) as they are, or measured targets (..., T) in their units."""
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
    """Rows of at most ``count`` samples to look at.

    They are drawn at random from those that ``among`` (n,) allows; with ``losses`` (n,) they are
    those with the largest, the largest first.
    """
    rows = np.arange(total, dtype=np.int64)  # (n,)
    if among is not None:
        rows = rows[among]
    if losses is not None:
        return rows[np.argsort(-losses[rows], kind="stable")[:count]]
    return np.sort(rows[permutation(seed, 0, len(rows))[:count]])
