"""The one source of randomness: a counter-based generator, the same in numpy and in WGSL.

A draw is a pure function of its key (seed, step, layer, unit), so that dropout masks need not be
stored, the backward pass finds what the forward pass drew, and all engines draw the same numbers.
``shaders/rng.wgsl`` is the same generator in WGSL. Callers are ``parameters`` (initial weights),
``training/batches`` (order) and the engines (dropout).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["INITIALIZATION", "SHUFFLING", "WINDOWS", "pcg4d", "permutation", "uniform"]

INITIALIZATION = 0xFFFF_FFFF
SHUFFLING = 0xFFFF_FFFE
WINDOWS = 0xFFFF_FFFD
"""Steps that no training reaches, as keys of draws outside of training steps."""


def pcg4d(
    x: NDArray[np.uint32] | int,
    y: NDArray[np.uint32] | int,
    z: NDArray[np.uint32] | int,
    w: NDArray[np.uint32] | int,
) -> NDArray[np.uint32]:
    """Four uniform 32-bit draws for every key; shape (4, ...) over the keys' broadcast shape.

    Source: Jarzynski & Olano, "Hash Functions for GPU Rendering", Journal of Computer Graphics
    Techniques 9(3), 2020, section 4.
    """
    multiplier, increment = np.uint32(1664525), np.uint32(1013904223)
    with np.errstate(over="ignore"):
        draws = [
            np.asarray(part, dtype=np.uint32) * multiplier + increment for part in (x, y, z, w)
        ]
        _mix(draws)
        draws = [part ^ (part >> np.uint32(16)) for part in draws]
        _mix(draws)
    return np.stack(draws)


def _mix(draws: list[NDArray[np.uint32]]) -> None:
    for to, left, right in ((0, 1, 3), (1, 2, 0), (2, 0, 1), (3, 1, 2)):
        draws[to] = draws[to] + draws[left] * draws[right]


def uniform(seed: int, step: int, layer: int, count: int) -> NDArray[np.float64]:
    """Draw ``count`` numbers (count,) from [0, 1), in multiples of 2**-32."""
    groups = np.arange((count + 3) // 4, dtype=np.uint32)
    draws = pcg4d(seed, step, layer, groups)  # (4, groups)
    return np.multiply(draws.T.reshape(-1)[:count], 2.0**-32, dtype=np.float64)


def normal(seed: int, step: int, layer: int, count: int) -> NDArray[np.float64]:
    """Draw ``count`` numbers (count,) of mean 0 and variance 1 (Box & Muller, 1958)."""
    first, second = uniform(seed, step, layer, 2 * count).reshape(count, 2).T
    return np.asarray(np.sqrt(-2 * np.log1p(-first)) * np.cos(2 * np.pi * second))


def permutation(
    seed: int, epoch: int, count: int, *, first: int = 0, purpose: int = SHUFFLING
) -> NDArray[np.uint32]:
    """The numbers 0 to count - 1 (count,), in a different random order for every epoch.

    They are sorted by 64-bit draws, so that ties, which would favor the lower number, practically
    never happen.

    Args:
        seed: the network's seed.
        epoch: counted from 1.
        count: how many numbers.
        first: draws of the epoch that other permutations have used.
        purpose: the step in the draws' key.
    """
    units = np.arange(first, first + count, dtype=np.uint32)
    draws = pcg4d(seed, purpose, epoch, units)  # (4, count)
    values = (draws[0].astype(np.uint64) << np.uint64(32)) | draws[1]
    return np.argsort(values).astype(np.uint32)
