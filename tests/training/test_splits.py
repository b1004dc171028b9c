from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

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


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("validation", [5000, 0.3, 7])
def test_no_sample_is_both_trained_on_and_held_out(validation: float, shuffle: bool) -> None:
    data = dataset(floats=False)
    parts = split(data, TrainConfig(validation=validation, shuffle_split=shuffle))
    trained = {row.tobytes() for row in parts.training.features}
    held = {row.tobytes() for row in parts.validation.features}
    assert set() == trained & held
    assert {row.tobytes() for row in data.train.features} == trained | held
    assert len(data.train) == len(parts.training) + len(parts.validation)


def test_nothing_of_the_held_out_samples_shows_in_what_is_trained_on() -> None:
    data = dataset(floats=True)
    features, labels = data.train.features.copy(), data.train.labels.copy()
    features[30:], labels[30:] = 1e6, 1 - labels[30:]
    other = replace(data, train=Samples(features, labels))
    first, second = (split(one, TrainConfig(validation=10)) for one in (data, other))
    np.testing.assert_array_equal(first.training.features, second.training.features)
    np.testing.assert_array_equal(first.training.labels, second.training.labels)


@pytest.mark.parametrize("validation", [5000, 3, 0.5])
def test_validation_samples_that_the_data_came_with_take_the_place_of_held_out_ones(
    validation: float,
) -> None:
    data = replace(dataset(floats=True), validation=points(12, floats=True))
    assert data.validation is not None
    splits = split(data, TrainConfig(validation=validation, shuffle_split=True))
    assert splits.scaling is not None
    np.testing.assert_allclose(splits.scaling.mean, data.train.features.mean(axis=0), rtol=1e-6)
    np.testing.assert_array_equal(
        splits.scaling.apply(data.validation).features, splits.validation.features
    )
    assert (40, 12) == (len(splits.training), len(splits.validation))


def test_none_are_validated_with_if_that_is_asked_for() -> None:
    data = replace(dataset(floats=False), validation=points(12, floats=False))
    splits = split(data, TrainConfig(validation=0))
    assert (40, 0) == (len(splits.training), len(splits.validation))
