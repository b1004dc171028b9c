from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from gpunet.datasets import strokes
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.framing import MNIST, Framing, find_framing, prepare_digit
from gpunet.errors import DataError

Images = NDArray[Any]


@cache
def digits() -> tuple[Images, NDArray[np.int32]]:
    """Images (300, 28, 28) framed as MNIST's, and their labels."""
    images, labels = strokes.generate(300, 1)
    return images.reshape(-1, 28, 28), labels.astype(np.int32)


def dataset(images: Images, labels: NDArray[np.int32] | None = None) -> Dataset:
    """Images (n, H, W) as the training and the test set."""
    labels = np.arange(len(images), dtype=np.int32) % 2 if labels is None else labels
    samples = Samples(images.reshape(len(images), -1), labels)
    classes = tuple(map(str, range(int(labels.max()) + 1)))
    return Dataset("images", samples, samples, classes, images.shape[1:], "drawn here")


def found(images: Images) -> Framing | None:
    return find_framing(dataset(images))


def resized(images: Images, height: int, width: int) -> Images:
    method = Image.Resampling.BICUBIC
    return np.stack(
        [np.asarray(Image.fromarray(one).resize((width, height), method)) for one in images]
    )


def full_frame(images: Images) -> Images:
    """Each digit's ink stretched over its whole image, as Fashion-MNIST's garments are."""
    crops = []
    for image in images:
        rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
        ink = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        crops.append(resized(ink[None], 28, 28)[0])
    return np.stack(crops)


def of_any_size(images: Images) -> Images:
    """Each digit somewhere in its image, scaled by a half to one."""
    draws = np.random.default_rng(0)
    placed = np.zeros_like(images)
    for image, field in zip(images, placed, strict=True):
        side = int(draws.integers(14, 29))
        top, left = draws.integers(0, 29 - side, 2)
        field[top : top + side, left : left + side] = resized(image[None], side, side)[0]
    return placed


def drawing(ink: int, paper: int, size: tuple[int, int] = (300, 200)) -> Image.Image:
    """A one that lies to the right; size is width and height."""
    image = Image.new("L", size, paper)
    ImageDraw.Draw(image).line([(220, 30), (220, 170)], fill=ink, width=14)
    return image


def test_digits_framed_like_mnist_are_found_whatever_their_paper_and_side() -> None:
    images, _ = digits()
    assert Framing(20, 0, 255) == MNIST == found(images)
    assert Framing(20, 255, 0) == found(255 - images)
    assert Framing(20, 0, 255) == found(np.pad(images, ((0, 0), (2, 2), (2, 2))))
    grey_paper = (180 - images * (130 / 255)).astype(np.uint8)
    assert Framing(20, 180, 50) == found(grey_paper)
    for side, box in ((20, 15), (56, 40), (112, 80)):
        framing = found(resized(images, side, side))
        assert framing is not None
        assert abs(framing.box - box) <= side / 28


@pytest.mark.parametrize(("black", "white"), [(0.0, 1.0), (-1.0, 1.0), (0.0, 3.0), (-0.4, 2.8)])
def test_digits_of_floats_are_found_in_grey_levels(black: float, white: float) -> None:
    floats = (black + digits()[0] / 255 * (white - black)).astype(np.float32)
    assert Framing(20, 0, 255) == found(floats)


def test_two_classes_of_digits_will_do() -> None:
    images, labels = digits()
    few = (labels == 3) | (labels == 8)
    assert find_framing(dataset(images[few], (labels[few] == 8).astype(np.int32))) == MNIST


def test_a_few_images_that_are_framed_otherwise_do_no_harm() -> None:
    images = digits()[0].copy()
    images[:20] = full_frame(images[:20])
    images[20:25] = 0
    assert found(images) == MNIST


@pytest.mark.parametrize(
    "images",
    [
        full_frame(digits()[0]),
        of_any_size(digits()[0]),
        np.roll(digits()[0], (-4, -4), axis=(1, 2)),  # in a corner
        resized(digits()[0], 28, 40),  # not square
        np.zeros_like(digits()[0]),
        np.random.default_rng(0).integers(0, 256, (50, 28, 28), np.uint8),
        np.ones((5, 1, 1), np.uint8),
    ],
    ids=["full frame", "any size", "corner", "oblong", "blank", "noise", "one pixel"],
)
def test_other_images_are_taken_as_they_are(images: Images) -> None:
    assert found(images) is None
    assert find_framing(dataset(images), "as-is") is None
    assert find_framing(dataset(images), "mnist") is not None


def test_what_is_said_wins_over_what_is_seen() -> None:
    images, labels = digits()
    assert find_framing(dataset(images, labels), "as-is") is None
    assert Framing(20, 255, 0) == find_framing(dataset(255 - full_frame(images)), "mnist")
    assert Framing(23, 0, 255) == find_framing(dataset(np.zeros((5, 40, 32), np.uint8)), "mnist")
    samples = Samples(images.reshape(-1, 784), labels)
    table = Dataset("table", samples, samples, tuple("0123456789"), None, "drawn here")
    assert find_framing(table, "mnist") is None


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), (150, 60)])
@pytest.mark.parametrize(
    ("framing", "side"), [(MNIST, 28), (Framing(20, 0, 255), 32), (Framing(40, 255, 0), 56)]
)
def test_a_drawing_is_framed_in_the_training_images_levels(
    ink: int, paper: int, framing: Framing, side: int
) -> None:
    prepared = prepare_digit(drawing(ink, paper), framing, (side, side)).reshape(side, side)
    amounts = np.abs(prepared.astype(float) - framing.paper)
    assert framing.paper == prepared[0, 0]
    assert framing.ink == prepared[side // 2, side // 2]
    rows, columns = np.flatnonzero(amounts.any(axis=1)), np.flatnonzero(amounts.any(axis=0))
    assert framing.box == rows[-1] - rows[0] + 1
    center = [(amounts.sum(axis=axis) * np.arange(side)).sum() / amounts.sum() for axis in (0, 1)]
    assert [side / 2] * 2 == pytest.approx(center, abs=0.5)
    assert len(columns) < len(rows) / 4


@pytest.mark.parametrize("inverted", [False, True])
def test_training_images_themselves_stay_as_they_are(inverted: bool) -> None:
    images = 255 - digits()[0][:100] if inverted else digits()[0][:100]
    framing = found(images)
    assert framing is not None
    kept = [
        np.array_equal(image.reshape(-1), prepare_digit(Image.fromarray(image), framing))
        for image in images
    ]
    assert sum(kept) >= 98


def test_a_framed_image_of_the_other_polarity_stays_in_its_place() -> None:
    image = digits()[0][0]
    expected = image.reshape(-1).astype(int)
    prepared = prepare_digit(Image.fromarray(255 - image)).astype(int)
    assert np.abs(expected - prepared).max() <= 1


def test_a_framed_but_faint_image_gets_the_full_contrast() -> None:
    faint = (200 - digits()[0][0] * (60 / 255)).astype(np.uint8)
    prepared = prepare_digit(Image.fromarray(faint))
    assert (prepared.min(), prepared.max()) == (0, 255)


def test_a_blank_image_is_refused_by_its_name(tmp_path: Any) -> None:
    Image.new("L", (28, 28), 90).save(tmp_path / "none.png")
    with pytest.raises(DataError, match=r"none\.png is blank: no ink stands out"):
        prepare_digit(tmp_path / "none.png", Framing(20, 255, 0), (28, 28))


def test_images_from_all_over_the_data_tell_how_they_are_framed() -> None:
    images, _ = digits()
    sorted_by_kind = np.concatenate([images, images, images, images[:100], full_frame(images)])
    assert found(np.concatenate([sorted_by_kind, full_frame(images)])) is None


def test_a_kept_image_gets_its_levels_if_either_its_paper_or_its_ink_is_another() -> None:
    image = digits()[0][0]
    faint = np.rint(image * (150 / 255)).astype(np.uint8)  # black paper, grey ink
    prepared = prepare_digit(Image.fromarray(faint)).astype(int)
    assert np.abs(prepared - image.reshape(-1).astype(int)).max() <= 2
    near = np.rint(image * (220 / 255)).astype(np.uint8)
    assert prepare_digit(Image.fromarray(near)).tolist() == near.reshape(-1).tolist()


@pytest.mark.parametrize(("width", "taken"), [(240, True), (260, False)])
def test_a_figure_may_be_two_and_a_half_times_as_wide_as_high(width: int, taken: bool) -> None:
    field = np.full((300, 400), 255, np.uint8)
    field[100:200, 60 : 60 + width] = 0
    field[120:180, 80 : 40 + width] = 255
    if taken:
        assert prepare_digit(Image.fromarray(field)).shape == (784,)
    else:
        with pytest.raises(DataError, match=r"shows a dash at \(60, 100\), 2.6 times as wide"):
            prepare_digit(Image.fromarray(field))
