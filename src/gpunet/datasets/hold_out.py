"""The validation split: which samples of the training set are held out.

Readers split a single file into training and test samples in the same way: every class stays in the
training set.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.dataset import Samples
from gpunet.datasets.source import Rows, Source
from gpunet.errors import SettingError

__all__ = ["held_count", "hold_out", "split_last", "spread_classes"]

SPLIT_STREAM = 0x5B117
"""Keeps the split's random numbers separate from all others drawn from the seed."""

TENTHS = 10
"""Number of equal groups into which measured targets are sorted by size."""


def hold_out(
    samples: Samples, validation: float, *, shuffle: bool, seed: int
) -> tuple[Source, Source]:
    """Split the samples into training and validation samples.

    The last samples are held out, or the last ones of every class, as ``split_last`` decides;
    measured targets are grouped into tenths by size, which serve as classes. A count of more than
    half of the samples, such as the default of 5000 for a small dataset, is replaced by a sixth of
    them. Both parts keep the order of the samples.

    Args:
        samples: the n samples of the training set.
        validation: how many to hold out: a fraction if below 1, else a count; 0 for none.
        shuffle: hold out a random part instead of the last one.
        seed: seed of the random part.

    Returns:
        The training samples (at least one) and those held out (at least one unless ``validation``
        is 0).

    Raises:
        SettingError: nothing would be left to train on.
    """
    count = held_count(len(samples), validation)
    if count >= len(samples):
        raise SettingError(
            "validation",
            validation,
            f"fewer than {len(samples):,}",
            "give a smaller one, or 0 for no validation",
            f"{validation:g} holds out {count:,} of {len(samples):,} training samples and leaves "
            "none to train on",
        )
    if not shuffle:
        rows, held, _ = _last_rows(samples.labels, count)
        return Source(samples, rows), Source(samples, held)
    order = np.random.default_rng([SPLIT_STREAM, seed]).permutation(len(samples))  # (n,)
    rows, held, _ = _last_rows(samples.labels[order], count)
    return Source(samples, np.sort(order[rows])), Source(samples, np.sort(order[held]))


def split_last(samples: Samples, count: int) -> tuple[Samples, Samples, bool]:
    """Split off the last samples, or the last ones of every class if classes would be missing.

    The split is by class if otherwise a class had no training sample, or if the last samples lacked
    half of the classes that a split by class would hold: the samples are sorted by class, or nearly
    so, or a rare class comes last.

    Args:
        samples: the n samples, at least one.
        count: how many to split off, from 0 to n.

    Returns:
        The remaining samples, those split off, both in their order, and whether the split was by
        class.
    """
    rows, last, by_class = _last_rows(samples.labels, count)
    return samples.take(rows), samples.take(last), by_class


def spread_classes(labels: NDArray[np.integer]) -> NDArray[np.intp]:
    """An order (n,) of the rows in which every stretch holds the classes in equal shares.

    The rows of one class keep their order, so the last sixth of the order is the last sixth of
    every class. A class of a single row cannot be shared out and comes first.

    Args:
        labels: (n,) classes from 0 on.
    """
    counts = np.bincount(labels)  # (classes,)
    by_class = np.argsort(labels, kind="stable")  # (n,)
    firsts = np.cumsum(counts) - counts  # (classes,) where each class starts in by_class
    rank = np.empty(len(labels), np.int64)  # (n,) the rank within its class, from 0
    rank[by_class] = np.arange(len(labels)) - np.repeat(firsts, counts)
    share = np.where(counts[labels] == 1, 0, (rank + 0.5) / counts[labels])  # (n,)
    return np.argsort(share, kind="stable")


def held_count(samples: int, validation: float) -> int:
    """Number of samples that ``hold_out`` holds out."""
    if validation == 0:
        return 0
    if validation < 1:
        return max(1, round(validation * samples))
    if validation > samples / 2:
        return max(1, samples // 6)
    return int(validation)


def _last_rows(labels: NDArray[Any], count: int) -> tuple[Rows, Rows, bool]:
    """The rows to keep and to split off, both ascending, and whether the split is by class."""
    first = len(labels) - count
    labels = labels if labels.ndim == 1 else _tenths(labels[:, 0])
    order = spread_classes(labels)
    kept, held = _count_classes(labels[:first]), _count_classes(labels[first:])
    kept_by_class = _count_classes(labels[order[:first]])
    held_by_class = _count_classes(labels[order[first:]])
    if kept < kept_by_class or (count and 2 * held <= held_by_class):
        return np.sort(order[:first]), np.sort(order[first:]), True
    return slice(first), slice(first, None), False


def _tenths(targets: NDArray[Any]) -> NDArray[np.intp]:
    """The tenth by size (n,), from 0 to 9, of each measured target (n,)."""
    rank = np.empty(len(targets), np.intp)
    rank[np.argsort(targets, kind="stable")] = np.arange(len(targets))
    return rank * TENTHS // max(1, len(targets))


def _count_classes(labels: NDArray[np.integer]) -> int:
    return len(np.unique(labels))
