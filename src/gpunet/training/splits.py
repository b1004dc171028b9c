"""The samples of a run: those to train on, to validate and to test, as a network takes them.

Owns what is done to features before the first layer; which samples are held out belongs to
``datasets.hold_out``, what pixels are to ``datasets.pixels``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples, Scaling
from gpunet.datasets.hold_out import held_count, hold_out
from gpunet.datasets.pixels import are_pixels, inverted, is_bright
from gpunet.datasets.source import Source

if TYPE_CHECKING:
    from gpunet.training.state import RunState

__all__ = ["Splits", "settled", "split"]


@dataclass(frozen=True, slots=True, eq=False)
class Splits:
    """The samples of a run.

    Args:
        training: those trained on.
        validation: those held out; there may be none.
        test: those that training never sees.
        scaling: how float features were brought to mean 0 and standard deviation 1, or ``None``.
        inverted: whether dark and light were exchanged, as they are in bright images.
    """

    training: Source
    validation: Source
    test: Source
    scaling: Scaling | None
    inverted: bool


def settled(config: TrainConfig, dataset: Dataset) -> TrainConfig:
    """The settings with those decided that follow from the data, see ``TrainConfig.settled``."""
    samples = len(dataset.train)
    held = held_count(samples, config.validation) if dataset.validation is None else 0
    return config.settled(samples - held)


def split(dataset: Dataset, config: TrainConfig, begun: RunState | None = None) -> Splits:
    """The samples to train on and to validate with, as a network takes them.

    A validation set that the data came with is taken as it is, whatever count or fraction the
    configuration wants, and left alone if that wants 0. Without one, samples are held out. Bright
    images are inverted, and floats scaled by the samples that are trained on.

    Args:
        dataset: as it was read.
        config: how much is held out, and whether floats are scaled.
        begun: an earlier run on the same samples, whose way with them is kept.

    Raises:
        UsageError: the validation set would leave nothing to train on.
    """
    training, validation = _parted(dataset, config)
    inverts = is_bright(dataset) if begun is None else begun.inverted
    scaling = _scaling(dataset, training, config) if begun is None else begun.scaling

    def prepare(samples: Samples, above: int) -> Samples:
        samples = inverted(samples) if inverts else samples
        return samples.single() if scaling is None else scaling.apply(samples, above)

    return Splits(
        replace(training, prepare=prepare),
        replace(validation, prepare=prepare),
        Source(dataset.test, prepare=prepare),
        scaling,
        inverts,
    )


def _parted(dataset: Dataset, config: TrainConfig) -> tuple[Source, Source]:
    """The samples to train on and those to validate with, as they were read."""
    if dataset.validation is None:
        return hold_out(
            dataset.train, config.validation, shuffle=config.shuffle_split, seed=config.seed
        )
    validation = dataset.validation if config.validation else dataset.validation[:0]
    return Source(dataset.train), Source(validation)


def _scaling(dataset: Dataset, training: Source, config: TrainConfig) -> Scaling | None:
    """What the samples that are trained on are filled and standardized by, if they are.

    Pixels are not: the deviation of those that are nearly always alike is tiny, so a speck on them
    would outweigh the whole drawing. For the same reason images of another range, such as -1 to 1,
    get one mean and one deviation for all of their pixels. What is 0 or 1 by an encoding stays so,
    unless the scaling is robust, which takes it as any other feature.
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
