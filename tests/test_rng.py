from __future__ import annotations

import numpy as np

from gpunet import rng


def reference(key: tuple[int, int, int, int]) -> list[int]:
    """pcg4d in Python's own integers, as published."""
    x, y, z, w = (part * 1664525 + 1013904223 & 0xFFFFFFFF for part in key)
    for last in (False, True):
        x = x + y * w & 0xFFFFFFFF
        y = y + z * x & 0xFFFFFFFF
        z = z + x * y & 0xFFFFFFFF
        w = w + y * z & 0xFFFFFFFF
        if not last:
            x, y, z, w = (part ^ part >> 16 for part in (x, y, z, w))
    return [x, y, z, w]


def test_draws_are_those_of_the_published_function() -> None:
    keys = np.random.default_rng(1).integers(0, 2**32, (50, 4), dtype=np.uint32)
    for key in [*keys.tolist(), [0, 0, 0, 0], [2**32 - 1] * 4]:
        assert reference(tuple(key)) == rng.pcg4d(*key).tolist()


def test_uniform_draws_fill_the_interval_evenly() -> None:
    draws = rng.uniform(seed=5, step=0, layer=1, count=100_001)
    assert draws.shape == (100_001,)
    assert draws.min() >= 0
    assert draws.max() < 1
    counts, _ = np.histogram(draws, bins=10, range=(0, 1))
    # Each bin expects 10,000 with a standard deviation of 95.
    assert np.abs(counts - 10_000).max() < 500


def test_a_permutation_holds_every_number_once_and_differs_by_seed_and_epoch() -> None:
    first = rng.permutation(seed=1, epoch=1, count=1000)
    assert list(range(1000)) == sorted(first.tolist())
    for other in (rng.permutation(1, 2, 1000), rng.permutation(2, 1, 1000)):
        # Independent permutations agree in one place on average.
        assert (first == other).sum() < 12
    assert first.tolist() == rng.permutation(1, 1, 1000).tolist()


def test_uniform_draws_are_the_generators_in_order() -> None:
    draws = rng.uniform(seed=5, step=6, layer=7, count=10)
    words = [word for group in range(3) for word in reference((5, 6, 7, group))]
    assert draws.tolist() == [word / 2**32 for word in words[:10]]


def test_shuffling_and_initialization_draw_from_streams_of_their_own() -> None:
    steps = (rng.SHUFFLING, rng.INITIALIZATION, 0, 1)
    draws = [tuple(rng.pcg4d(1, step, 1, 0).tolist()) for step in steps]
    assert len(set(draws)) == len(steps)
    assert min(rng.SHUFFLING, rng.INITIALIZATION) > 2**31  # beyond every step that is trained
