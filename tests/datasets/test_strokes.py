"""The dataset strokes: what its images promise to whoever trains on them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.datasets import strokes
from gpunet.datasets.strokes import BLOCK, Form, generate, load_pens

Bytes = NDArray[np.uint8]


@pytest.fixture(scope="module")
def thousand() -> tuple[Bytes, Bytes]:
    return generate(1000, 5)


@pytest.mark.parametrize("count", [0, 1, 7, 10, 23])
def test_shapes_and_types(count: int) -> None:
    images, labels = generate(count, 1)
    assert images.shape == (count, 784)
    assert labels.shape == (count,)
    assert images.dtype == labels.dtype == np.uint8


def test_same_seed_same_samples() -> None:
    for first, second in zip(generate(50, 3), generate(50, 3), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(("start", "count"), [(0, 40), (40, 60), (13, 1), (99, 1), (7, 18)])
def test_sample_depends_on_seed_and_index_alone(
    thousand: tuple[Bytes, Bytes], start: int, count: int
) -> None:
    images, labels = generate(count, 5, start=start)
    np.testing.assert_array_equal(labels, thousand[1][start : start + count])
    np.testing.assert_array_equal(images, thousand[0][start : start + count])


def test_blocks_join_without_a_seam() -> None:
    images, labels = generate(BLOCK + 10, 2)
    tail_images, tail_labels = generate(20, 2, start=BLOCK - 10)
    np.testing.assert_array_equal(labels[-20:], tail_labels)
    np.testing.assert_array_equal(images[-20:], tail_images)


def test_splits_share_no_image(thousand: tuple[Bytes, Bytes]) -> None:
    other_seed, _ = generate(1000, 6)
    later, _ = generate(1000, 5, start=1000)
    drawn = np.concatenate([thousand[0], other_seed, later])
    assert len(np.unique(drawn, axis=0)) == 3000


def test_every_run_of_ten_holds_every_digit(thousand: tuple[Bytes, Bytes]) -> None:
    runs = thousand[1].reshape(-1, 10)
    assert np.array_equal(np.sort(runs, axis=1), np.tile(np.arange(10), (100, 1)))
    assert len(np.unique(runs, axis=0)) > 90


def test_bright_ink_on_black(thousand: tuple[Bytes, Bytes]) -> None:
    images = thousand[0]
    assert (images.max(axis=1) > 150).all()
    assert (np.mean(images == 0, axis=1) > 0.4).all()
    assert (np.count_nonzero(images, axis=1) >= 20).all()


def test_ink_fills_a_box_of_20_pixels(thousand: tuple[Bytes, Bytes]) -> None:
    ink = thousand[0].reshape(-1, 28, 28) > 0
    heights = [np.ptp(np.flatnonzero(image.any(axis=1))) + 1 for image in ink]
    widths = [np.ptp(np.flatnonzero(image.any(axis=0))) + 1 for image in ink]
    longer = np.maximum(heights, widths)
    assert longer.max() <= 20
    assert longer.min() >= 18


def test_center_of_mass_is_pixel_14(thousand: tuple[Bytes, Bytes]) -> None:
    ink = thousand[0].reshape(-1, 28, 28).astype(np.float64)
    mass = ink.sum(axis=(1, 2))
    for axis in (1, 2):
        centers = ink.sum(axis=axis) @ np.arange(28) / mass
        off = np.abs(centers - 14)
        # Half a pixel, as boxes move by whole pixels; a box at the rim of the image cannot move on.
        assert np.mean(off > 0.51) < 0.005
        assert off.max() < 2


def hands_written(count: int, seed: int, *, start: int = 0) -> list[str]:
    """Which hand each sample follows most, as ``digit/form/hand``."""
    draws = strokes._Draws.at(seed, start, start + count)
    names = [""] * count
    for form, rows in strokes._rows_by_form(strokes._labels(count, seed, start), draws):
        for row, hand in zip(rows, strokes._hands(form, draws.rows(rows))[:, 0], strict=True):
            names[row] = f"{form.digit}/{form.name}/{form.hands[hand]}"
    return names


def test_every_hand_is_written() -> None:
    hands = {f"{form.digit}/{form.name}/{hand}" for form in load_pens() for hand in form.hands}
    assert set(hands_written(20_000, 1)) == hands


def test_hands_belong_to_their_digit() -> None:
    _, labels = generate(30, 4, start=5)
    assert [int(name[0]) for name in hands_written(30, 4, start=5)] == labels.tolist()


@pytest.mark.parametrize("form", load_pens(), ids=lambda form: f"{form.digit}-{form.name}")
def test_curves_run_through_their_control_points(form: Form) -> None:
    curves = form.spline @ form.controls
    np.testing.assert_allclose(form.spline.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(form.steps.sum(axis=1), 0, atol=1e-5)
    for hand, controls in zip(curves, form.controls, strict=True):
        distances = np.linalg.norm(controls[:, None] - hand, axis=2)
        assert distances.min(axis=1).max() < 0.05


def test_every_digit_has_several_forms_and_many_hands() -> None:
    for digit in range(10):
        forms = [form for form in load_pens() if form.digit == digit]
        assert len(forms) >= 3
        assert sum(len(form.hands) for form in forms) >= 10


@pytest.mark.parametrize(("count", "seed", "start"), [(-1, 0, 0), (1, -1, 0), (1, 0, -1)])
def test_refuses_negative_numbers(count: int, seed: int, start: int) -> None:
    with pytest.raises(ValueError, match="at least 0"):
        generate(count, seed, start=start)
