"""The validation split: which samples are held out of the training set.

Owns the choice of rows, also where a reader must split one file into training and test samples.
What is done with the two parts belongs to the trainer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.dataset import Samples
from gpunet.errors import UsageError

__all__ = ["held_count", "hold_out", "is_sorted_by_class", "spread_classes"]

SPLIT_STREAM = 0x5B117
"""Sets the split's random numbers apart from everything else that is drawn from the seed."""


def hold_out(
    samples: Samples, validation: float, *, shuffle: bool, seed: int
) -> tuple[Samples, Samples]:
    """Part the samples into those to train on and those to validate with.

    The last samples are held out; where the samples are sorted by class, the last ones of every
    class. A count of more than half of the samples, as the default of 5000 is for small
    datasets, is taken as a sixth of them. Both parts keep the order of the samples.

    Args:
        samples: the n samples of the training set.
        validation: held out: a fraction if below 1, else a count; 0 for none.
        shuffle: hold out a random part instead of the last one.
        seed: of the random part.

    Returns:
        The samples to train on (at least one) and those held out (at least one unless
        ``validation`` is 0).

    Raises:
        UsageError: nothing would be left to train on.
    """
    count = held_count(len(samples), validation)
    if count >= len(samples):
        raise UsageError(
            f"--validation {validation:g} holds out {count:,} of {len(samples):,} training samples "
            "and leaves none to train on; give a smaller one, or 0 for no validation"
        )
    held = np.zeros(len(samples), np.bool_)  # (n,)
    held[_order(samples, shuffle, seed)[len(samples) - count :]] = True
    if not shuffle and held[len(samples) - count :].all():
        first_held = len(samples) - count
        return samples[:first_held], samples[first_held:]  # views, no copy
    return samples[np.flatnonzero(~held)], samples[np.flatnonzero(held)]


def is_sorted_by_class(labels: NDArray[np.integer]) -> bool:
    """Whether each class's samples lie together, one class after the other.

    Args:
        labels: (n,) from 0 on.
    """
    runs = 1 + np.count_nonzero(np.diff(labels))
    classes = np.count_nonzero(np.bincount(labels)) if len(labels) else 0
    return bool(runs == classes < len(labels))


def spread_classes(labels: NDArray[np.integer]) -> NDArray[np.intp]:
    """An order (n,) of the rows in which every stretch holds the classes in equal shares.

    The rows of one class keep their order, so the last sixth of the order is the last sixth of
    every class.

    Args:
        labels: (n,) from 0 on.
    """
    counts = np.bincount(labels)  # (classes,)
    by_class = np.argsort(labels, kind="stable")  # (n,)
    firsts = np.cumsum(counts) - counts  # (classes,) where each class starts in by_class
    rank = np.empty(len(labels), np.int64)  # (n,) the how-many-th of its class
    rank[by_class] = np.arange(len(labels)) - np.repeat(firsts, counts)
    return np.argsort((rank + 0.5) / counts[labels], kind="stable")


def held_count(samples: int, validation: float) -> int:
    """How many of so many samples ``hold_out`` holds out."""
    if validation == 0:
        return 0
    if validation < 1:
        return max(1, round(validation * samples))
    if validation > samples / 2:
        return max(1, samples // 6)
    return int(validation)


def _order(samples: Samples, shuffle: bool, seed: int) -> NDArray[np.intp]:
    if shuffle:
        generator = np.random.default_rng([SPLIT_STREAM, seed])
        return generator.permutation(len(samples))
    if is_sorted_by_class(samples.labels):
        return spread_classes(samples.labels)
    return np.arange(len(samples))
