"""Turns an estimator and its data into samples and settings for the trainer.

``task_of`` makes the task; ``results.adopt`` turns trained weights into a fitted estimator. ``fit``
uses both, and so does training the networks of many estimators side by side.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight

from gpunet.config import LOSS_FACTS, Kind, TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.sklearn.features import dense
from gpunet.sklearn.parameters import LBFGS
from gpunet.training.events import EpochRecord

if TYPE_CHECKING:
    from gpunet.sklearn.estimators import Estimator

__all__ = ["GATHERED", "Gathered", "Task", "seed_of", "task_of"]

AUTO_BATCH = 200
"""Largest automatic batch size."""

SEEDS = (1 << 31) - 1
"""Random seeds are drawn below this number."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """The training task of an estimator.

    Args:
        dataset: training samples, and validation samples if any, as the network takes them; no test
            samples.
        config: settings of the training, complete for these data.
        kind: type of the given features, which the weights will get.
        scale: factor from gpunet's losses to scikit-learn's.
        offset: number added after the factor.
    """

    dataset: Dataset
    config: TrainConfig
    kind: np.dtype[Any]
    scale: float = 1.0
    offset: float = 0.0

    def losses(self, history: Sequence[EpochRecord], name: str) -> list[float]:
        """scikit-learn's losses by epoch: ``train_loss`` or ``val_loss``."""
        return [self.scale * getattr(one, name) + self.offset for one in history]


@dataclass(slots=True, eq=False)
class Gathered:
    """Receives the task of an estimator's ``fit`` instead of training it."""

    estimator: Estimator
    task: Task | None = None


GATHERED: ContextVar[Gathered | None] = ContextVar("gathered", default=None)
"""The estimator whose network will be trained with others, if there is one."""


def task_of(
    estimator: Estimator,
    X: Any,  # noqa: N803 - as scikit-learn calls it
    y: Any,
    sample_weight: Any = None,
    *,
    X_val: Any = None,  # noqa: N803
    y_val: Any = None,
    reset: bool = True,
    classes_known: bool = False,
) -> Task:
    """Check an estimator and its data, and make a training task of them.

    The estimator gets the attributes that scikit-learn sets before training: ``n_features_in_``,
    ``feature_names_in_``, ``n_outputs_``, and ``classes_`` if it is a classifier.

    Args:
        estimator: not changed otherwise.
        X: (n, I) numbers, dense or sparse, or a data frame.
        y: (n,) classes or values, or (n, T) labels or values.
        sample_weight: (n,) weight of each sample.
        X_val: (m, I) validation samples, instead of a part of X.
        y_val: (m,) or (m, T) targets of the validation samples.
        reset: whether the estimator begins anew; otherwise the data must match the earlier ones.
        classes_known: whether a classifier already knows its classes; y may lack some of them.

    Raises:
        ValueError: a parameter, or something in the data, cannot be.

    Example:
        >>> import gpunet
        >>> from gpunet.sklearn.tasks import task_of
        >>> task = task_of(gpunet.MLPClassifier(), [[0.0], [1.0]], ["no", "yes"])
        >>> task.config.batch_size, task.dataset.targets
        (2, ('yes',))
    """
    settings = estimator._settings()
    _require_validation(estimator, X_val, y_val)
    X, y = estimator._validated(X, y, reset=reset)  # noqa: N806
    if not classes_known:
        estimator._learn_targets(y, reset=reset)
    labels = estimator._encoded(y)
    weights = estimator._weights(y, _checked_weights(sample_weight, X))
    seed = seed_of(estimator)
    training, validation = _split(estimator, Samples(dense(X), labels, weights), X_val, y_val, seed)
    loss = estimator._loss(training.labels)
    dataset = _dataset(estimator, training, validation, LOSS_FACTS[loss].kind)
    scale, offset = estimator._loss_scale(training)
    batch = _batch_size(estimator, len(training), settings.get("batch_size", AUTO_BATCH))
    counted = 1.0 if training.weights is None else float(training.weights.mean(dtype=np.float64))
    settings |= {
        "loss": loss,
        "seed": seed,
        "batch_size": batch,
        "validation": settings["validation"] if validation is None else 1,
    }
    if estimator.recipe is None or estimator.alpha != type(estimator).alpha:  # its default
        settings["l2"] = float(estimator.alpha) / (batch * (counted or 1.0))
    if settings["monitor"] == "train_loss":
        settings["min_delta"] /= scale
    elif dataset.kind == "measured":
        settings["monitor"] = "val_r2"
    kind = np.dtype(np.float32 if X.dtype == np.float32 else np.float64)
    return Task(dataset, TrainConfig(**settings), kind, scale, offset)


def _split(
    estimator: Estimator,
    samples: Samples,
    X_val: Any,  # noqa: N803
    y_val: Any,
    seed: int,
) -> tuple[Samples, Samples | None]:
    """The training samples, and the validation samples if there are any."""
    if X_val is not None:
        X_val, y_val = estimator._validated(X_val, y_val, reset=False)  # noqa: N806
        return samples, Samples(dense(X_val), estimator._encoded(y_val))
    if estimator.early_stopping and estimator.solver != LBFGS:
        return _held_out(estimator, samples, seed)
    return samples, None


def _require_validation(estimator: Estimator, X_val: Any, y_val: Any) -> None:  # noqa: N803
    """Make sure that given validation samples are complete and will be scored.

    Raises:
        ValueError: they are not.
    """
    if (X_val is None) != (y_val is None):
        given, missing = ("X_val", "y_val") if y_val is None else ("y_val", "X_val")
        raise ValueError(f"{given} is given without {missing}; give both, or neither")
    if X_val is not None and estimator.solver == LBFGS:
        raise ValueError(
            f"X_val is scored after every epoch, but solver={LBFGS!r} has none; leave it out, or "
            "take another solver"
        )


def _dataset(
    estimator: Estimator, training: Samples, validation: Samples | None, kind: Kind
) -> Dataset:
    classes = training.labels.ndim == 1
    return Dataset(
        "X",
        training,
        training[:0],
        estimator._class_names() if classes else (),
        None,
        "arrays in memory",
        validation=validation,
        targets=() if classes else estimator._target_names(),
        kind=kind,
    )


def seed_of(estimator: Estimator) -> int:
    """The seed of a training: ``random_state`` if it is a number, else drawn from it."""
    given = estimator.random_state
    state = check_random_state(given)
    return int(given) if isinstance(given, Integral) else int(state.randint(SEEDS))


def _checked_weights(weights: Any, X: Any) -> NDArray[np.float64] | None:  # noqa: N803
    """The checked weight of each sample (n,), if weights were given."""
    if weights is None:
        return None
    checked: NDArray[np.float64] = _check_sample_weight(weights, X, dtype=np.float64)
    return checked


def _held_out(estimator: Estimator, samples: Samples, seed: int) -> tuple[Samples, Samples]:
    """Split off random validation samples, the same share of every class.

    Raises:
        ValueError: there are too few samples.
    """
    train, held = train_test_split(
        np.arange(len(samples)),
        random_state=np.random.RandomState(seed),
        test_size=estimator.validation_fraction,
        stratify=_strata(samples.labels, estimator.validation_fraction)
        if LOSS_FACTS[estimator._loss(samples.labels)].kind != "measured"
        else None,
    )
    if len(held) < 2:
        raise ValueError(
            "The validation set is too small: early_stopping holds out "
            f"{len(held)} of {len(samples):,} samples and needs 2; raise validation_fraction, or "
            "give more samples"
        )
    return samples.take(np.sort(train)), samples.take(np.sort(held))


def _strata(labels: NDArray[Any], share: float) -> NDArray[Any] | None:
    """The class (n,) of each sample for a stratified split; ``None`` if it is not possible.

    Samples with several labels, or with a class that is too rare, cannot be stratified.
    """
    if labels.ndim == 2:
        return labels == 1 if labels.shape[1] == 1 else None
    counts = np.bincount(labels)
    counts = counts[counts > 0]
    room = min(share, 1 - share) * len(labels) >= len(counts)
    return labels if room and counts.min() > 1 else None


def _batch_size(estimator: Estimator, samples: int, usual: int) -> int:
    wanted = estimator.batch_size
    if isinstance(wanted, str):
        return min(usual, samples)
    if wanted > samples:
        warnings.warn(
            f"batch_size={wanted} is more than the {samples} samples to train on, "
            "which are one batch then",
            stacklevel=5,
        )
    return min(int(wanted), samples)
