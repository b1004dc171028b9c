"""The samples of a run: those to train on, to validate and to test, as a network takes them.

Owns the scaling of float features; which samples are held out belongs to ``datasets.hold_out``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples, Scaling
from gpunet.datasets.hold_out import hold_out

__all__ = ["Splits", "split"]


@dataclass(frozen=True, slots=True, eq=False)
class Splits:
    """The samples of a run.

    Args:
        training: those trained on.
        validation: those held out; there may be none.
        test: those that training never sees.
        scaling: how float features were brought to mean 0 and deviation 1, or ``None``.
    """

    training: Samples
    validation: Samples
    test: Samples
    scaling: Scaling | None


def split(dataset: Dataset, config: TrainConfig) -> Splits:
    """Hold out the validation samples, and scale float features by what is left.

    Raises:
        UsageError: the validation set would leave nothing to train on.
    """
    training, validation = hold_out(
        dataset.train, config.validation, shuffle=config.shuffle_split, seed=config.seed
    )
    if training.features.dtype == np.uint8 or not config.standardize:
        return Splits(training.single(), validation.single(), dataset.test.single(), None)
    scaling = Scaling.of(training.features)
    return Splits(
        scaling.apply(training), scaling.apply(validation), scaling.apply(dataset.test), scaling
    )
