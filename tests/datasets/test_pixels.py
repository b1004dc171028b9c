from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.pixels import are_pixels, inverted, is_bright, levels_of


def dataset(features: NDArray[Any], image_shape: tuple[int, int] | None = (2, 2)) -> Dataset:
    samples = Samples(features, np.arange(len(features), dtype=np.int32) % 2)
    return Dataset("squares", samples, samples, ("a", "b"), image_shape, "drawn here")


def floats(*values: float) -> NDArray[np.float32]:
    """Two samples of four features that hold these values."""
    return np.resize(np.array(values, np.float32), (2, 4))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0, 1), (0, 1)),
        ((0.1, 0.3), (0, 1)),
        ((-1, 1), (-1, 1)),
        ((-0.2, 0.9), (-1, 1)),
        ((0, 254.5), (0, 255)),
        ((0, 16), (0, 16)),
        ((-0.5, 2.75), (-0.5, 2.75)),
        ((7, 7), (0, 1)),
    ],
)
def test_black_and_white_are_the_ends_of_the_usual_range(
    values: tuple[float, ...], expected: tuple[float, float]
) -> None:
    assert expected == levels_of(dataset(floats(*values)))
    assert levels_of(dataset(floats(*values), None)) == (0, 1)


def test_pixels_are_bytes_and_images_of_fractions() -> None:
    assert are_pixels(dataset(np.zeros((2, 4), np.uint8), None))
    assert are_pixels(dataset(floats(0, 0.3, 1)))
    assert not are_pixels(dataset(floats(0, 0.3, 1), None))
    assert not are_pixels(dataset(floats(-1, 1)))


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_images_are_bright_if_their_mean_is_above_the_middle(kind: Any) -> None:
    white = 255 if kind == np.uint8 else 1
    dark_on_light = np.full((2, 4), white, kind)
    dark_on_light[:, 0] = 0
    assert is_bright(dataset(dark_on_light))
    assert not is_bright(dataset(white - dark_on_light))
    assert not is_bright(dataset(np.full((2, 4), white / 2, kind)))
    assert not is_bright(dataset(dark_on_light, None))


def test_standardized_images_are_not_inverted_as_either_background_will_do() -> None:
    assert not is_bright(dataset(floats(1, 1, 1, -1)))


def test_inverting_twice_gives_the_images_back() -> None:
    for features in (np.arange(8, dtype=np.uint8).reshape(2, 4), floats(0, 0.25, 1)):
        samples = dataset(features).train
        once = inverted(samples)
        assert features.dtype == once.features.dtype
        np.testing.assert_array_equal(features, inverted(once).features)
    checked = np.resize(np.array([0, 255], np.uint8), (2, 4))
    np.testing.assert_array_equal(255 - checked, inverted(dataset(checked).train).features)


def test_images_from_all_over_the_data_tell_how_bright_they_are() -> None:
    features = np.full((10_000, 4), 255, np.uint8)
    features[:4096] = 0  # as where the data are sorted by class
    assert is_bright(dataset(features))
    assert not is_bright(dataset(255 - features))


def test_what_is_no_number_is_inverted_without_a_warning() -> None:
    signaling = np.array([[0x7F800001]], np.uint32).view(np.float32)  # a NaN that numpy warns of
    assert np.isnan(inverted(Samples(signaling, np.zeros(1, np.int32))).features).all()
