"""Networks that train and validate on rows of their own, such as folds of the data.

All networks share the same samples, and each has the numbers of its own rows. Rows that several
networks use are kept only once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.blocks import row_blocks
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.source import Source
from gpunet.training.splits import Splits

__all__ = ["OwnRows", "Pool"]

Rows = NDArray[np.uint32]


@dataclass(frozen=True, slots=True, eq=False)
class OwnRows:
    """The prepared samples of a population, and each network's rows of them.

    Args:
        dataset: the training and validation samples of all networks, without test samples.
        training: (P,) the training rows of each network; all take the same number of steps.
        validation: (P,) the validation rows of each network; empty if there are none.
    """

    dataset: Dataset
    training: tuple[Rows, ...]
    validation: tuple[Rows, ...] = ()

    @classmethod
    def of(
        cls,
        like: Dataset,
        training: tuple[Pool, Sequence[Rows]],
        validation: tuple[Pool, Sequence[Rows]] | None,
    ) -> OwnRows:
        """The rows of networks whose samples were pooled.

        ``dataset`` is any network's, for the names of classes or targets. Each pool comes with each
        network's rows in it.
        """
        pool, own = training
        held, own_held = validation or (None, ())
        dataset = replace(
            like,
            train=pool.samples,
            test=pool.samples[:0],
            validation=None if held is None else held.samples,
        )
        return cls(dataset, tuple(own), tuple(own_held))

    @property
    def splits(self) -> Splits:
        """The shared samples, which are already prepared."""
        validation = self.dataset.validation
        held = self.dataset.train[:0] if validation is None else validation
        return Splits(
            Source(self.dataset.train), Source(held), Source(self.dataset.test), None, False
        )


class Pool:
    """Samples of many networks; rows with equal bits are kept only once."""

    def __init__(self) -> None:
        self._samples: Samples | None = None
        self._hashes = np.empty(0, np.uint64)  # ascending
        self._places = np.empty(0, np.uint32)  # the row of each of these

    @property
    def samples(self) -> Samples:
        """All rows; at least one must have been added."""
        assert self._samples is not None
        return self._samples

    def add(self, samples: Samples) -> Rows:
        """Add samples that are new, and return the row (n,) of each sample in the pool.

        All samples must have the same type and shape, and either all or none have weights.
        """
        count = 0 if self._samples is None else len(self._samples)
        hashes = _hashes(samples)
        rows = np.zeros(len(samples), np.uint32)
        known = np.zeros(len(samples), np.bool_)
        if count:
            at = np.searchsorted(self._hashes, hashes).clip(max=count - 1)
            rows[:] = self._places[at]
            known[:] = _alike(samples, self.samples, rows)
        new = np.flatnonzero(~known)
        rows[new] = count + np.arange(len(new))
        if len(new):
            self._append(samples[new] if len(new) < len(samples) else samples)
            hashes = np.concatenate([self._hashes, hashes[new]])
            order = np.argsort(hashes, kind="stable")
            places = np.concatenate([self._places, rows[new]])
            self._hashes, self._places = hashes[order], places[order]
        return rows

    def _append(self, samples: Samples) -> None:
        if self._samples is None:
            self._samples = samples
            return
        own = self._samples
        self._samples = Samples(
            np.concatenate([own.features, samples.features]),
            np.concatenate([own.labels, samples.labels]),
            None if own.weights is None else np.concatenate([own.weights, samples.weights]),
        )


def _parts(samples: Samples) -> list[NDArray[np.uint8]]:
    """The bytes (n, m) of features, labels and weights."""
    arrays = [samples.features, samples.labels, samples.weights]
    return [
        np.ascontiguousarray(one).reshape(len(samples), -1).view(np.uint8)
        for one in arrays
        if one is not None
    ]


def _hashes(samples: Samples) -> NDArray[np.uint64]:
    """A hash (n,) of each row."""
    total = np.zeros(len(samples), np.uint64)
    random = np.random.default_rng(0)
    for part in _parts(samples):
        words = part.view(np.uint32) if part.shape[1] % 4 == 0 else part
        factors = random.integers(1 << 63, size=words.shape[1], dtype=np.uint64)
        for rows in row_blocks(words):
            total[rows] += (words[rows] * factors).sum(axis=1, dtype=np.uint64)
    return total


def _alike(samples: Samples, others: Samples, rows: Rows) -> NDArray[np.bool_]:
    """Which samples (n,) have the same bits as these rows (n,) of the others."""
    alike = np.ones(len(samples), np.bool_)
    for one, other in zip(_parts(samples), _parts(others), strict=True):
        for block in row_blocks(one):
            alike[block] &= (one[block] == other[rows[block]]).all(axis=1)
    return alike
