from __future__ import annotations

import numpy as np

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.training.splits import split


def points(count: int, *, floats: bool) -> Samples:
    draws = np.random.default_rng(count)
    labels = (np.arange(count) % 2).astype(np.int32)
    if floats:
        return Samples(draws.normal(50, 9, (count, 3)).astype(np.float32), labels)
    return Samples(draws.integers(0, 256, (count, 3), np.uint8), labels)


def dataset(*, floats: bool) -> Dataset:
    parts = points(40, floats=floats), points(10, floats=floats)
    return Dataset("points", *parts, ("no", "yes"), None, "drawn here")


def test_floats_are_scaled_by_the_samples_that_are_trained_on() -> None:
    data = dataset(floats=True)
    splits = split(data, TrainConfig(validation=10))
    assert splits.scaling is not None
    np.testing.assert_allclose(
        splits.scaling.mean, data.train.features[:30].mean(axis=0), rtol=1e-6
    )
    np.testing.assert_allclose(splits.training.features.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_array_equal(
        splits.scaling.apply(data.train[30:]).features, splits.validation.features
    )
    np.testing.assert_array_equal(splits.scaling.apply(data.test).features, splits.test.features)


def test_bytes_stay_as_they_are() -> None:
    data = dataset(floats=False)
    splits = split(data, TrainConfig(validation=10))
    assert splits.scaling is None
    np.testing.assert_array_equal(data.train.features[:30], splits.training.features)


def test_floats_stay_as_they_are_if_that_is_asked_for() -> None:
    data = dataset(floats=True)
    splits = split(data, TrainConfig(validation=10, standardize=False))
    assert splits.scaling is None
    np.testing.assert_array_equal(data.test.features, splits.test.features)
