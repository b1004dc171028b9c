from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.config import TrainConfig
from gpunet.config.choices import Missing
from gpunet.datasets import mapped
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.scaling import Scaling
from gpunet.datasets.table_columns import Columns, Encoding
from gpunet.errors import DataError
from gpunet.training.settings_for_data import left_open, settled
from gpunet.training.splits import split
from gpunet.training.state import RunState


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
    np.testing.assert_allclose(splits.training[:].features.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_array_equal(
        splits.scaling.apply(data.train[30:]).features, splits.validation[:].features
    )
    np.testing.assert_array_equal(splits.scaling.apply(data.test).features, splits.test[:].features)


def test_a_robust_scaling_takes_features_that_encode_a_category_too() -> None:
    rows = [[float(row), row % 5 == 0] for row in range(20)]
    words = [[one, "yes" if other else "no"] for one, other in rows]
    data = Dataset.from_arrays(np.array(words, object), np.arange(20) % 2)
    usual = split(data, TrainConfig(validation=0)).training[:].features
    robust = split(data, TrainConfig(validation=0, scaling="robust")).training[:].features
    assert np.unique(usual[:, 1:]).tolist() == [0, 1]
    assert np.abs(robust[:, 1:]).max() > 1.6  # 0 or 1 less a median of 0, over half a range


def test_floats_of_a_file_are_scaled_without_a_copy_of_them_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = dataset(floats=True)
    np.save(tmp_path / "features.npy", data.train.features)
    features = np.load(tmp_path / "features.npy", mmap_mode="r")
    in_file = replace(data, train=Samples(features, data.train.labels))
    monkeypatch.setattr(mapped, "LARGE", 0)
    looked_at = []

    def scaling_of(features: NDArray[Any]) -> Scaling:
        looked_at.append(features)
        return Scaling(features.mean(axis=0), features.std(axis=0))

    monkeypatch.setattr(Scaling, "of", scaling_of)
    for config in (TrainConfig(validation=10), TrainConfig(validation=10, shuffle_split=True)):
        expected = split(data, config).training[:].features
        assert split(in_file, config).training[:].features.tobytes() == expected.tobytes()
    assert [isinstance(one, np.memmap) for one in looked_at] == [False, True] * 2


def test_bytes_stay_as_they_are() -> None:
    data = dataset(floats=False)
    splits = split(data, TrainConfig(validation=10))
    assert splits.scaling is None
    np.testing.assert_array_equal(data.train.features[:30], splits.training[:].features)


def test_floats_stay_as_they_are_if_that_is_asked_for() -> None:
    data = dataset(floats=True)
    splits = split(data, TrainConfig(validation=10, standardize=False))
    assert splits.scaling is None
    np.testing.assert_array_equal(data.test.features, splits.test[:].features)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("validation", [5000, 0.3, 7])
def test_no_sample_is_both_trained_on_and_held_out(validation: float, shuffle: bool) -> None:
    data = dataset(floats=False)
    parts = split(data, TrainConfig(validation=validation, shuffle_split=shuffle))
    trained = {row.tobytes() for row in parts.training[:].features}
    held = {row.tobytes() for row in parts.validation[:].features}
    assert set() == trained & held
    assert {row.tobytes() for row in data.train.features} == trained | held
    assert len(data.train) == len(parts.training) + len(parts.validation)


def test_nothing_of_the_held_out_samples_shows_in_what_is_trained_on() -> None:
    data = dataset(floats=True)
    features, labels = data.train.features.copy(), data.train.labels.copy()
    features[30:], labels[30:] = 1e6, 1 - labels[30:]
    other = replace(data, train=Samples(features, labels))
    first, second = (split(one, TrainConfig(validation=10)) for one in (data, other))
    np.testing.assert_array_equal(first.training[:].features, second.training[:].features)
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
        splits.scaling.apply(data.validation).features, splits.validation[:].features
    )
    assert (len(splits.training), len(splits.validation)) == (40, 12)


def test_none_are_validated_with_if_that_is_asked_for() -> None:
    data = replace(dataset(floats=False), validation=points(12, floats=False))
    splits = split(data, TrainConfig(validation=0))
    assert (len(splits.training), len(splits.validation)) == (40, 0)


def images(features: NDArray[Any]) -> Dataset:
    """40 training images of 2 x 2 pixels, which also are the test set."""
    samples = Samples(features, (np.arange(len(features)) % 2).astype(np.int32))
    return Dataset("squares", samples, samples, ("no", "yes"), (2, 2), "drawn here")


def pixels(kind: Any = np.uint8) -> NDArray[Any]:
    """(40, 4) dark pixels; as floats they are no whole gray levels."""
    drawn = np.random.default_rng(0).integers(0, 100, (40, 4))
    return drawn.astype(np.uint8) if kind == np.uint8 else (drawn / 300).astype(np.float32)


@pytest.mark.parametrize("standardize", [True, False])
def test_images_of_floats_from_0_to_1_stay_as_they_are(standardize: bool) -> None:
    splits = split(images(pixels(np.float32)), TrainConfig(standardize=standardize, validation=10))
    assert splits.scaling is None
    assert not splits.inverted
    np.testing.assert_array_equal(pixels(np.float32)[:30], splits.training[:].features)


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
    assert pytest.approx(splits.training[:].features.mean(), abs=1e-6) == 0
    assert pytest.approx(splits.training[:].features.std(), abs=1e-6) == 1


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_dark_on_light_is_given_to_the_network_as_light_on_dark_is(kind: Any) -> None:
    white = kind(255 if kind == np.uint8 else 1)
    light = split(images(pixels(kind)), TrainConfig(validation=10))
    dark = split(images(white - pixels(kind)), TrainConfig(validation=10))
    assert (light.inverted, dark.inverted) == (False, True)
    for name in ("training", "validation", "test"):
        expected, given = getattr(light, name)[:].features, getattr(dark, name)[:].features
        assert expected.dtype == given.dtype
        np.testing.assert_allclose(expected, given, atol=1e-7)


def test_an_earlier_run_keeps_its_way_with_the_samples() -> None:
    data, config = images(255 - pixels()), TrainConfig(validation=10)
    none = np.zeros((1, 1), np.float32)
    begun = RunState(none, none[None], none, (1,), ((),), 1, 1.0, None, inverted=False)
    kept = split(data, config, begun)
    assert not kept.inverted
    np.testing.assert_array_equal(255 - pixels()[:30], kept.training[:].features)
    assert split(data, config, replace(begun, inverted=True)).inverted


@pytest.mark.parametrize(
    ("count", "brought", "validation", "steps_of"),
    [(6_000, 0, 0, 94), (6_000, 0, 3_000, 47), (6_000, 0, 0.5, 47), (6_000, 50, 3_000, 94)],
)
def test_epochs_that_are_left_open_follow_from_the_samples_that_are_trained_on(
    count: int, brought: int, validation: float, steps_of: int
) -> None:
    data = replace(
        dataset(floats=True),
        train=points(count, floats=True),
        validation=points(brought, floats=True) if brought else None,
    )
    config = settled(TrainConfig(validation=validation), data)
    assert config.epochs == -(-2000 // steps_of)
    assert len(split(data, config).training) == 64 * steps_of - (16 if steps_of == 94 else 8)


def test_the_seed_decides_which_samples_a_shuffled_split_holds_out() -> None:
    data = dataset(floats=False)
    one, other, again = (
        split(data, TrainConfig(validation=10, shuffle_split=True, seed=seed))
        .validation[:]
        .features
        for seed in (1, 2, 1)
    )
    assert one.tolist() == again.tolist()
    assert one.tolist() != other.tolist()


def test_all_parts_of_bright_images_are_inverted() -> None:
    white = Samples(np.full((12, 4), 250, np.uint8), np.arange(12, dtype=np.int32) % 2)
    data = Dataset("paper", white, white, ("a", "b"), (2, 2), "drawn here")
    splits = split(data, TrainConfig(validation=4))
    assert splits.inverted
    for part in (splits.training, splits.validation, splits.test):
        assert np.unique(part[:].features).tolist() == [5]


@pytest.mark.parametrize("missing", ["mean", "median"])
@pytest.mark.parametrize("standardize", [False, True])
def test_missing_numbers_are_filled_by_the_samples_that_are_trained_on(
    missing: Missing, standardize: bool
) -> None:
    columns = Columns(("a", "b"), None, 0, False, False, (), (Encoding(0), Encoding(1, ("x",))))
    features = np.array([[1, 0, 1], [2, 0, 0], [9, 0, 1], [np.nan, 1, 1], [100, 0, 1], [7, 0, 0]])
    samples = Samples(features, np.array([0, 1, 0, 1, 0, 1], np.int32))
    data = Dataset(
        *("rows", samples[:5], samples[5:], ("no", "yes"), None, "written here"),
        columns=replace(columns, missing=missing),
    )
    splits = split(data, TrainConfig(validation=1, standardize=standardize))
    filled = np.array([1, 2, 9, 4 if missing == "mean" else 2])
    mean, deviation = (4, np.std([1, 2, 9])) if standardize else (0, 1)
    expected = np.column_stack([(filled - mean) / deviation, features[:4, 1:]])
    np.testing.assert_allclose(splits.training[:].features, expected, rtol=1e-6)


def test_a_missing_number_is_refused_where_none_may_be() -> None:
    samples = Samples(np.array([[1.0, np.nan]]), np.zeros(1, np.int32))
    for columns in (None, Columns(None, None, 0, False, False, missing="refuse")):
        with pytest.raises(DataError, match="feature 2 in row 1 of the training samples"):
            Dataset("rows", samples, samples, ("no", "yes"), None, "here", columns=columns)
    flags = Columns(None, None, 0, False, False, (), (Encoding(0),), "mean")
    with pytest.raises(DataError, match="feature 2 in row 1 of the training samples"):
        Dataset("rows", samples, samples, ("no", "yes"), None, "here", columns=flags)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, {}),
        ({"patience": 7, "loss": "quadratic"}, {"patience": 7, "loss": "quadratic"}),
        ({"epochs": 3, "schedule": "step"}, {"epochs": 3, "schedule": "step"}),
    ],
)
def test_what_follows_from_the_data_is_left_open(
    given: dict[str, Any], told: dict[str, Any]
) -> None:
    data = dataset(floats=True)
    decided = settled(TrainConfig(**given), data)
    assert left_open(decided, data) == TrainConfig(**told)
    assert settled(left_open(decided, data), data).values_in_effect() == decided.values_in_effect()
