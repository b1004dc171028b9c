"""How an epoch is cut into batches, and in which order its samples come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gpunet import rng

__all__ = ["epoch_order", "steps_per_epoch"]


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
