"""How an epoch is cut into batches, and in which order its samples come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gpunet import rng

__all__ = ["epoch_order", "own_order", "steps_per_epoch"]


def steps_per_epoch(samples: int, batch_size: int) -> int:
    """Steps that see every sample once; the last batch may be smaller than the others."""
    return -(-samples // batch_size)


def epoch_order(
    seeds: Sequence[int], epoch: int, samples: int, first: int = 0, *, shuffle: bool = True
) -> NDArray[np.uint32]:
    """The rows (P, n) of the training set in this epoch's order, one order per seed.

    Where all seeds are the same, all rows are one and the same memory, which engines copy once.

    Args:
        seeds: (P,) of the networks.
        epoch: counted from 1.
        samples: of the training set, or of a window of it.
        first: samples in the windows before.
        shuffle: whether there is an order to be drawn; else the rows come as they are.
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
    """The rows (P, n) that networks with rows of their own take in this epoch, one after the other.

    Each network's come in the order that they would have alone. Those of networks with fewer rows
    than n are padded at the end with rows that do not matter.

    Args:
        seeds: (P,) of the networks.
        epoch: counted from 1.
        rows: (P,) of the training set, that each network has for its own.
        shuffle: whether there is an order to be drawn; else the rows come as they are.
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
