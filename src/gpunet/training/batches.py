"""How an epoch is divided into batches, and the order of its samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gpunet import rng

__all__ = ["epoch_order", "own_order", "steps_per_epoch"]


def steps_per_epoch(samples: int, batch_size: int) -> int:
    """The number of steps that see every sample once; the last batch may be smaller."""
    return -(-samples // batch_size)


def epoch_order(
    seeds: Sequence[int], epoch: int, samples: int, first: int = 0, *, shuffle: bool = True
) -> NDArray[np.uint32]:
    """The rows (P, n) of the training set in this epoch's order, one order per seed.

    If all seeds are equal, all orders share the same memory, which engines copy only once.

    Args:
        seeds: (P,) the seed of each network.
        epoch: counted from 1.
        samples: how many samples the training set has, or the window of it.
        first: how many samples the earlier windows have.
        shuffle: whether to draw a random order; otherwise the rows keep theirs.
    """
    if not shuffle:
        return np.broadcast_to(np.arange(samples, dtype=np.uint32), (len(seeds), samples))
    orders = {seed: rng.permutation(seed, epoch, samples, first=first) for seed in set(seeds)}
    if len(orders) == 1:
        return np.broadcast_to(orders[seeds[0]], (len(seeds), samples))
    return np.stack([orders[seed] for seed in seeds])


def own_order(
    seeds: Sequence[int], epoch: int, rows: Sequence[NDArray[np.uint32]], *, shuffle: bool = True
) -> NDArray[np.uint32]:
    """The order of this epoch (P, n) for networks that have their own rows.

    Each network gets the order that it would have alone. Networks with fewer than n rows are padded
    at the end with rows that do not matter.

    Args:
        seeds: (P,) the seed of each network.
        epoch: counted from 1.
        rows: (P,) each network's own rows of the training set.
        shuffle: whether to draw a random order; otherwise the rows keep theirs.
    """
    kinds = list(zip(seeds, map(len, rows), strict=True))
    orders = {
        (seed, count): epoch_order([seed], epoch, count, shuffle=shuffle)[0]
        for seed, count in set(kinds)
    }
    order = np.zeros((len(rows), max(map(len, rows))), dtype=np.uint32)
    for place, own, kind in zip(order, rows, kinds, strict=True):
        place[: len(own)] = own[orders[kind]]
    return order
