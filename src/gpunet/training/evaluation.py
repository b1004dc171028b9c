"""Using a trained population: its probabilities, its loss, its mistakes.

Several networks answer as one, with the mean of their probabilities. The counting belongs to
``metrics``, what a model is to ``gpunet.model``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpunet.config import Loss
from gpunet.datasets.dataset import Samples
from gpunet.datasets.source import Source
from gpunet.engine.interface import Engine, Metrics
from gpunet.errors import DataError
from gpunet.model import Model, Scores
from gpunet.rng import permutation
from gpunet.training.metrics import (
    ClassScores,
    class_scores,
    confusion_matrix,
    cross_entropies,
    predicted_classes,
)
from gpunet.training.windows import predict_in_parts

__all__ = [
    "Evaluation",
    "evaluate",
    "joint_scores",
    "own_scores",
    "predict",
    "sample_rows",
]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """How a model did on labeled samples.

    Args:
        overall: of the networks' joint answer, as ``joint_scores`` gives them.
        networks: (P,) what each network's own answers come to.
        probabilities: (n, C) float32, the mean over the networks.
        matrix: (C, C) int64, samples by true class (rows) and predicted class (columns).
        scores: precision, recall, F1 and support of every class.
    """

    overall: Scores
    networks: tuple[Scores, ...]
    probabilities: NDArray[np.float32]
    matrix: NDArray[np.int64]
    scores: ClassScores

    @property
    def loss(self) -> float | None:
        """The mean of the model's own loss; ``None`` if it is not finite."""
        return self.overall.loss

    @property
    def accuracy(self) -> float | None:
        """The fraction that is right."""
        return self.overall.accuracy


def evaluate(engine: Engine, model: Model, samples: Samples) -> Evaluation:
    """Compare a model's answers with the labels of samples as they were read.

    Raises:
        DataError: there are no samples, or one cannot be prepared.
        ModelError: they do not fit the model.
        DeviceError: the device fails.
    """
    _require_some(samples)
    engine.set_parameters(model.parameters)
    metrics, own = predict_in_parts(engine, "test", Source(samples, prepare=model.prepare))
    probabilities = np.asarray(own.mean(axis=0), dtype=np.float32)
    matrix = confusion_matrix(probabilities, samples.labels)
    return Evaluation(
        overall=joint_scores(model.network.loss, metrics, probabilities, samples.labels),
        networks=own_scores(metrics),
        probabilities=probabilities,
        matrix=matrix,
        scores=class_scores(matrix),
    )


def own_scores(metrics: Metrics) -> tuple[Scores, ...]:
    """The scores of each network's own answers."""
    return tuple(map(Scores.of, metrics.mean_loss.tolist(), metrics.accuracy.tolist()))


def joint_scores(
    loss: Loss,
    metrics: Metrics,
    probabilities: NDArray[np.float32],
    labels: NDArray[np.int32],
) -> Scores:
    """What the networks come to together: their own scores, if it is one alone.

    The loss of several is the cross-entropy of their mean answer. Quadratic losses cannot be had
    from probabilities, so theirs is the mean of the networks' losses.

    Args:
        loss: of the networks.
        metrics: sums of each network.
        probabilities: (n, C) the mean over the networks.
        labels: (n,).
    """
    if len(metrics.seen) == 1 or not len(labels):
        return own_scores(metrics)[0]
    loss_together = float(metrics.mean_loss.mean())
    if loss == "cross-entropy":
        loss_together = float(cross_entropies(probabilities, labels).mean())
    hits = predicted_classes(probabilities) == labels  # (n,)
    return Scores.of(loss_together, float(hits.mean()))


def predict(engine: Engine, model: Model, samples: Samples) -> NDArray[np.float32]:
    """The probabilities (n, C) of every class for prepared samples.

    Raises:
        DataError: there are no samples.
        DeviceError: they do not fit the device.
    """
    _require_some(samples)
    engine.set_parameters(model.parameters)
    engine.load("test", samples)
    return np.asarray(engine.predict("test").mean(axis=0), dtype=np.float32)


def _require_some(samples: Samples) -> None:
    if not len(samples):
        raise DataError("there are no samples to predict; use data that have a test set")


def sample_rows(
    probabilities: NDArray[np.float32],
    labels: NDArray[np.int32],
    count: int,
    seed: int,
    *,
    wrong: bool = False,
    top_losses: bool = False,
) -> NDArray[np.int64]:
    """Rows of at most ``count`` samples to look at, drawn at random and in order.

    Args:
        probabilities: (n, C) of the samples.
        labels: (n,) of the samples.
        count: how many; all if there are fewer.
        seed: of the draw.
        wrong: only samples that are taken for another class.
        top_losses: those with the largest cross-entropies instead, the largest first.
    """
    rows = np.arange(len(labels), dtype=np.int64)  # (n,)
    if wrong:
        rows = rows[predicted_classes(probabilities) != labels]
    if top_losses:
        losses = cross_entropies(probabilities[rows], labels[rows])
        return rows[np.argsort(-losses, kind="stable")[:count]]
    return np.sort(rows[permutation(seed, 0, len(rows))[:count]])
