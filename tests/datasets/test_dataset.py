from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.scaling import Scaling
from gpunet.errors import DataError


def features(*rows: list[float]) -> NDArray[np.float32]:
    return np.array(rows, np.float32)


def labels(*values: int) -> NDArray[np.int32]:
    return np.array(values, np.int32)


SOUND = Samples(features([0, 1], [2, 3]), labels(0, 1))


def dataset(
    train: Samples = SOUND, test: Samples = SOUND, validation: Samples | None = None
) -> Dataset:
    return Dataset("points", train, test, ("no", "yes"), None, "a test", validation=validation)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("split", ["train", "test", "validation"])
def test_a_feature_that_is_no_finite_number_is_refused_with_its_place(
    split: str, value: float
) -> None:
    broken = Samples(features([0, 1], [2, value]), labels(0, 1))
    whole = "training" if split == "train" else split
    place = f"feature 2 in row 2 of the {whole} samples of 'points' is {value}, wanted a finite"
    with pytest.raises(DataError, match=place):
        dataset(**{split: broken})


@pytest.mark.parametrize("label", [-1, 2])
def test_a_label_that_is_no_class_is_refused_with_its_place(label: int) -> None:
    broken = Samples(SOUND.features, labels(0, label))
    with pytest.raises(DataError, match=f"the label in row 2 of the test .* is {label}, wanted 0"):
        dataset(test=broken)


@pytest.mark.parametrize("split", ["test", "validation"])
def test_samples_of_another_width_are_refused(split: str) -> None:
    narrow = Samples(features([0], [1]), labels(0, 1))
    with pytest.raises(DataError, match=f"{split} .* 1 features but the training samples 2"):
        dataset(**{split: narrow})


def test_the_fingerprint_sees_every_value_and_label_of_every_part() -> None:
    relabeled = Samples(SOUND.features, labels(1, 0))
    moved = Samples(SOUND.features + np.float32(1), SOUND.labels)
    whole_numbers = Samples(SOUND.features.astype(np.uint8), SOUND.labels)
    prints = {
        dataset(**{part: samples}).fingerprint
        for part in ("train", "test", "validation")
        for samples in (relabeled, moved, whole_numbers, SOUND)
    }
    # SOUND as training or as test samples is one and the same dataset; all others differ.
    assert len(prints) == 11
    assert dataset().fingerprint == dataset().fingerprint


def test_the_fingerprint_of_data_without_a_validation_set_is_that_of_both_parts() -> None:
    digest = hashlib.sha256()
    for samples in (SOUND, SOUND):
        digest.update(b"<f4 (2, 2)" + samples.features.tobytes() + samples.labels.tobytes())
    assert digest.hexdigest() == dataset().fingerprint


@pytest.mark.parametrize(
    ("values", "places", "message"),
    [
        (np.zeros((2, 3), np.float16), labels(0, 1), "the features are float16"),
        (np.zeros((2, 3), np.int8), labels(0, 1), "the features are int8"),
        (np.zeros((2, 3, 3), np.uint8), labels(0, 1), r"of shape \(2, 3, 3\)"),
        (np.zeros((2, 3), np.uint8), np.array([0, 1]), "the labels are int64"),
        (np.zeros((2, 3), np.uint8), labels(0, 1, 1), r"the labels are int32 of shape \(3,\)"),
        (np.zeros((2, 3), np.uint8), np.zeros((2, 1), np.int32), r"wanted int32 of shape \(2,\)"),
    ],
)
def test_arrays_of_another_type_or_shape_are_refused(
    values: NDArray[Any], places: NDArray[Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        Samples(values, places)


def test_a_constant_feature_stays_itself_whatever_its_mean_is_rounded_to() -> None:
    constant = np.full((4999, 1), 0.1, np.float32)
    scaling = Scaling.of(constant)
    assert_array_equal([1], scaling.deviation)
    new = scaling.apply(Samples(features([0.3]), labels(0)))
    assert pytest.approx(float(new.features[0, 0])) == 0.3 - 0.1


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize(("count", "width"), [(1, 1), (5000, 1), (10_007, 1), (9001, 3)])
def test_a_scaling_has_the_bits_of_numpys_mean_and_std(
    monkeypatch: pytest.MonkeyPatch, count: int, width: int, kind: Any
) -> None:
    monkeypatch.setattr("gpunet.datasets.scaling.COLUMN", 256)
    values = np.random.default_rng(count).normal(3, 2, (count, width)).astype(kind)
    scaling = Scaling.of(values)
    assert scaling.mean.tolist() == values.mean(axis=0, dtype=np.float64).tolist()
    if count > 1:
        assert scaling.deviation.tolist() == values.std(axis=0, dtype=np.float64).tolist()


def test_differences_that_float32_cannot_hold_count_as_none() -> None:
    scaling = Scaling.of(features([0.0], [1e-45], [0.0]))
    assert_array_equal([1], scaling.deviation)


def test_a_robust_scaling_takes_medians_and_quartiles_and_clips_smoothly() -> None:
    column = np.array([[0.0], [1.0], [2.0], [3.0], [1000.0]])  # quartiles 1, 2, 3
    scaling = Scaling.robust(column)
    assert (scaling.mean.item(), scaling.deviation.item()) == (2.0, 2.0)
    z = (column - 2) / 2
    expected = (z / np.sqrt(1 + (z / 3) ** 2)).astype(np.float32)
    actual = scaling.apply(Samples(column, labels(*[0] * 5))).features
    np.testing.assert_allclose(actual, expected, rtol=1e-6)  # a rounding of float32
    assert 2.99 < actual.max() < 3


def test_half_the_range_scales_a_feature_whose_quartiles_are_equal() -> None:
    scaling = Scaling.robust(np.array([[0.0, 7.0]] * 9 + [[4.0, 7.0]]))
    assert scaling.deviation.tolist() == [2.0, 1.0]


def test_a_robust_scaling_fills_what_is_missing_with_the_mean() -> None:
    scaling = Scaling.robust(np.array([[0.0], [0.0], [6.0], [np.nan]]))
    assert (scaling.mean.item(), scaling.filling.item()) == (0.0, 2.0)


@pytest.mark.filterwarnings("error")
def test_a_robust_scaling_takes_the_largest_numbers_there_are() -> None:
    large = np.finfo(np.float64).max
    scaling = Scaling.robust(np.array([[-large], [0.0], [0.0], [0.0], [large]]))
    assert scaling.deviation.item() == large


def test_a_value_too_far_from_the_training_samples_is_refused_with_its_place() -> None:
    scaling = Scaling.of(features([0, 1e-6], [0, 2e-6]))
    with pytest.raises(DataError, match="feature 2 of sample 1, once standardized, is inf"):
        scaling.apply(Samples(features([0, 1e38]), labels(0)))
