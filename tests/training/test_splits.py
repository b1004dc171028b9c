from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.training.run_state import RunState
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


def images(features: NDArray[Any]) -> Dataset:
    """40 training images of 2 x 2 pixels, which also are the test set."""
    samples = Samples(features, (np.arange(len(features)) % 2).astype(np.int32))
    return Dataset("squares", samples, samples, ("no", "yes"), (2, 2), "drawn here")


def pixels(kind: Any = np.uint8) -> NDArray[Any]:
    """(40, 4) dark pixels; as floats they are no whole grey levels."""
    drawn = np.random.default_rng(0).integers(0, 100, (40, 4))
    return drawn.astype(np.uint8) if kind == np.uint8 else (drawn / 300).astype(np.float32)


@pytest.mark.parametrize("standardize", [True, False])
def test_images_of_floats_from_0_to_1_stay_as_they_are(standardize: bool) -> None:
    splits = split(images(pixels(np.float32)), TrainConfig(standardize=standardize, validation=10))
    assert splits.scaling is None
    assert not splits.inverted
    np.testing.assert_array_equal(pixels(np.float32)[:30], splits.training.features)


def test_a_table_of_floats_from_0_to_1_is_standardized() -> None:
    table = replace(images(pixels(np.float32)), image_shape=None)
    assert split(table, TrainConfig(validation=10)).scaling is not None


def test_images_of_other_floats_get_one_mean_and_one_deviation_for_all_pixels() -> None:
    features = 6 * pixels(np.float32) - 1  # from -1 to 1
    features[:, 0] = -1  # a border that is always alike
    features[3, 0] = 1  # but for one speck
    splits = split(images(features), TrainConfig(validation=10))
    assert splits.scaling is not None
    assert 1 == len(np.unique(splits.scaling.mean)) == len(np.unique(splits.scaling.deviation))
    assert 4 == len(splits.scaling.mean) == len(splits.scaling.deviation)
    assert 0 == pytest.approx(splits.training.features.mean(), abs=1e-6)
    assert 1 == pytest.approx(splits.training.features.std(), abs=1e-6)


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_dark_on_light_is_given_to_the_network_as_light_on_dark_is(kind: Any) -> None:
    white = kind(255 if kind == np.uint8 else 1)
    light = split(images(pixels(kind)), TrainConfig(validation=10))
    dark = split(images(white - pixels(kind)), TrainConfig(validation=10))
    assert (False, True) == (light.inverted, dark.inverted)
    for name in ("training", "validation", "test"):
        expected, given = getattr(light, name).features, getattr(dark, name).features
        assert expected.dtype == given.dtype
        np.testing.assert_allclose(expected, given, atol=1e-7)


def test_an_earlier_run_keeps_its_way_with_the_samples() -> None:
    data, config = images(255 - pixels()), TrainConfig(validation=10)
    none = np.zeros((1, 1), np.float32)
    begun = RunState(none, none[None], none, (1,), ((),), 1, 1.0, None, inverted=False)
    kept = split(data, config, begun)
    assert not kept.inverted
    np.testing.assert_array_equal(255 - pixels()[:30], kept.training.features)
    assert split(data, config, replace(begun, inverted=True)).inverted
