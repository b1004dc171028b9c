"""The prepared training, validation and test samples of a run.

This module prepares features for the first layer; ``datasets.hold_out`` decides which samples are
held out, ``datasets.pixels`` what counts as pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.hold_out import hold_out
from gpunet.datasets.pixels import are_pixels, inverted, is_bright
from gpunet.datasets.scaling import Scaling
from gpunet.datasets.source import Source
from gpunet.errors import DataError, spelled

if TYPE_CHECKING:
    from gpunet.training.state import RunState

__all__ = ["Splits", "as_trained_on", "split"]


@dataclass(frozen=True, slots=True, eq=False)
class Splits:
    """The samples of a run.

    Args:
        training: the samples to train on.
        validation: the held-out samples; there may be none.
        test: the samples that training never sees.
        scaling: how float features were standardized, or ``None``.
        inverted: whether dark and light were swapped, as for bright images.
        target_scaling: how measured targets were standardized, or ``None``.
    """

    training: Source
    validation: Source
    test: Source
    scaling: Scaling | None
    inverted: bool
    target_scaling: Scaling | None = None


def split(dataset: Dataset, config: TrainConfig, begun: RunState | None = None) -> Splits:
    """Split a dataset into prepared training, validation and test samples.

    If the data have a validation set of their own, it is used whole, unless the configuration asks
    for no validation. Otherwise samples are held out. Bright images are inverted; floats and
    measured targets are standardized by the training samples. The sample weights of each part are
    scaled to a mean of 1.

    Args:
        dataset: the data as read.
        config: how much to hold out, and whether to standardize.
        begun: an earlier run on the same samples; its scaling is kept.

    Raises:
        UsageError: the validation set would leave nothing to train on.
        DataError: a target does not fit the loss, or all samples of a part have weight 0.
    """
    training, validation = _parted(dataset, config)
    target_scaling = (
        _target_scaling(dataset, training, config) if begun is None else begun.target_scaling
    )
    inverts = is_bright(dataset) if begun is None else begun.inverted
    scaling = _scaling(dataset, training, config) if begun is None else begun.scaling

    def prepare(samples: Samples, above: int) -> Samples:
        samples = inverted(samples) if inverts else samples
        return samples.single() if scaling is None else scaling.apply(samples, above)

    def prepared(source: Source) -> Source:
        samples = as_trained_on(source.samples, target_scaling, _mean_weight(source, dataset))
        return replace(source, samples=samples, prepare=prepare)

    return Splits(
        prepared(training),
        prepared(validation),
        prepared(Source(dataset.test)),
        scaling,
        inverts,
        target_scaling,
    )


def _parted(dataset: Dataset, config: TrainConfig) -> tuple[Source, Source]:
    """The training and validation samples as read."""
    if dataset.validation is None:
        return hold_out(
            dataset.train, config.validation, shuffle=config.shuffle_split, seed=config.seed
        )
    validation = dataset.validation if config.validation else dataset.validation[:0]
    return Source(dataset.train), Source(validation)


def as_trained_on(
    samples: Samples, target_scaling: Scaling | None, mean_weight: np.float64 | None
) -> Samples:
    """Samples with float32 targets, standardized if need be, and weights of mean 1.

    Args:
        samples: as read.
        target_scaling: how to standardize measured targets; ``None`` leaves them as they are.
        mean_weight: the divisor of the weights; ``None`` leaves them as they are.
    """
    labels, weights = samples.labels, samples.weights
    if target_scaling is not None:
        labels = target_scaling.of_targets(labels)
    elif labels.ndim == 2:
        labels = labels.astype(np.float32, copy=False)
    if weights is not None and mean_weight is not None:
        weights = (weights / mean_weight).astype(np.float32)
    return replace(samples, labels=labels, weights=weights)


def _mean_weight(source: Source, dataset: Dataset) -> np.float64 | None:
    """The mean weight of a source's rows; ``None`` if they have none."""
    if source.weights is None or not len(source):
        return None
    mean: np.float64 = source.weights.mean(dtype=np.float64)
    if not mean:
        raise DataError(
            f"all {len(source):,} samples of a part of {dataset.name!r} have weight 0; give some a "
            f"weight, or another {spelled('validation')}"
        )
    return mean


def _target_scaling(dataset: Dataset, training: Source, config: TrainConfig) -> Scaling | None:
    """How to standardize measured targets; counts are only divided by their mean.

    Raises:
        DataError: a count is negative.
    """
    if dataset.kind != "measured":
        return None
    if config.loss == "poisson":
        for part in (training.samples, dataset.test):
            if (wrong := np.argwhere(part.labels < 0)).size:
                row, column = map(int, wrong[0])
                raise DataError(
                    f"the target {dataset.targets[column]!r} of sample {row + 1:,} is "
                    f"{part.labels[row, column]:g}, but the loss poisson wants counts of at least "
                    f"0; use {spelled('loss', 'squared-error')}"
                )
    if not config.scale_targets:
        return None
    labels = np.asarray(training.labels)
    scaling, alike = Scaling.of(labels), (labels == labels[0]).all(axis=0)
    if config.loss != "poisson":
        mean = np.where(alike, labels[0], scaling.mean)  # a computed mean may be rounded
        return Scaling(mean, np.where(alike, 1, scaling.deviation))
    mean = np.where(scaling.mean > 0, scaling.mean, 1)
    return Scaling(np.zeros_like(mean), mean)


def _scaling(dataset: Dataset, training: Source, config: TrainConfig) -> Scaling | None:
    """How to fill and standardize the features, computed from the training samples; or ``None``.

    Pixels from 0 to 1 are not standardized: pixels that hardly ever vary have a tiny standard
    deviation, so that a speck on them would outweigh the whole drawing. For the same reason images
    of another range, such as -1 to 1, get one mean and one deviation for all their pixels. Encoded
    categories keep their 0 and 1, unless the scaling is robust, which treats all features alike.
    """
    columns = dataset.columns
    fills = columns is not None and columns.fills
    if are_pixels(dataset) or not (config.standardize or fills):
        return None
    features = training.samples.take(training.rows).features
    robust = config.scaling == "robust"
    make = Scaling.robust if robust and config.standardize else Scaling.of
    if dataset.image_shape is None:
        scaling = make(features)
        if columns is not None and columns.missing == "median":
            scaling = scaling.with_median(features)
        if not config.standardize:
            return scaling.without(np.ones(dataset.inputs, np.bool_))
        if robust or columns is None or not columns.encodings:
            return scaling
        return scaling.without(columns.flags(dataset.inputs))
    of_all = make(features.reshape(-1, 1))
    mean, deviation = of_all.mean, of_all.deviation
    return replace(
        of_all,
        mean=np.repeat(mean, dataset.inputs),
        deviation=np.repeat(deviation, dataset.inputs),
        fill=None,
    )
