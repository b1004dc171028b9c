from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from gpunet.datasets import strokes
from gpunet.datasets.framing import MNIST
from gpunet.datasets.ink import Figure, find_digits

SIDE = 280
PAPER, INK = 245.0, 40.0

Levels = NDArray[np.float64]


def covers() -> list[Levels]:
    """The ink, (280, 280) from 0 to 1, of one drawn digit of each class."""
    images, labels = strokes.generate(40, 6)
    first = [images[np.flatnonzero(labels == digit)[0]] for digit in range(10)]
    large = [Image.fromarray(image.reshape(28, 28)).resize((SIDE, SIDE), 3) for image in first]
    return [np.asarray(image, np.float64) / 255 for image in large]


COVERS = covers()
ROWS, COLUMNS = np.mgrid[0:SIDE, 0:SIDE]
SHADOW = 1 - 0.5 / (1 + np.exp(-np.clip((COLUMNS + 0.55 * ROWS - 266) / 10, -30, 30)))
VIGNETTE = 1 - 0.37 * ((ROWS / 140 - 1) ** 2 + (COLUMNS / 140 - 1) ** 2)


def written(cover: Levels, paper: Levels | float = PAPER, ink: float = INK) -> Levels:
    return paper * (1 - cover) + ink * cover


def grey(levels: Levels) -> NDArray[np.uint8]:
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def noisy(levels: Levels, deviation: float) -> Levels:
    return levels + np.random.default_rng(3).normal(0, deviation, levels.shape)


def peppered(levels: Levels) -> Levels:
    return np.where(np.random.default_rng(4).random(levels.shape) < 0.01, 0, levels)


def drawn_over(levels: Levels, draw: Callable[[ImageDraw.ImageDraw], None]) -> Levels:
    image = Image.fromarray(grey(levels))
    draw(ImageDraw.Draw(image))
    return np.asarray(image, np.float64)


def ruled(level: int, *, squared: bool = False) -> Levels:
    paper = np.full((SIDE, SIDE), PAPER)
    for first in (14, 15):
        paper[first::28] = level
        if squared:
            paper[:, first::28] = level
    return paper


def on_desk(cover: Levels, desk: float) -> Levels:
    field = np.full((400, 400), desk)
    field[60:340, 50:330] = written(cover)
    return field


def boxed(levels: Levels) -> Levels:
    return drawn_over(levels, lambda d: d.rectangle((12, 12, 267, 267), outline=40, width=2))


def framed(figure: Figure) -> NDArray[np.float64]:
    return MNIST.frame(figure.ink, (28, 28)).astype(np.float64)


def similar(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """The correlation of two framed digits, 1 for the same."""
    return float(np.corrcoef(first.reshape(-1), second.reshape(-1))[0, 1])


WAYS: dict[str, Callable[[Levels], Levels]] = {
    "on white": lambda cover: written(cover, 255, 0),
    "chalk": lambda cover: written(cover, 35, 230),
    "faint": lambda cover: written(cover, 240, 200),
    "gradient": lambda cover: written(cover, np.linspace(240, 90, SIDE)[np.newaxis]),
    "shadow": lambda cover: written(cover) * SHADOW,
    "shadow over paper alone": lambda cover: written(cover, 220 * SHADOW),
    "chalk under a shadow": lambda cover: written(cover, 90, 240) * SHADOW,
    "vignette": lambda cover: written(cover, 235 * VIGNETTE),
    "on a dark desk": lambda cover: on_desk(cover, 60),
    "on a grey desk": lambda cover: on_desk(cover, 140),
    "noise 25": lambda cover: noisy(written(cover), 25),
    "noise 45": lambda cover: noisy(written(cover), 45),
    "faint pencil and noise": lambda cover: noisy(written(cover, 240, 200), 4),
    "pepper": lambda cover: peppered(written(cover)),
    "ruled": lambda cover: written(cover, ruled(120)),
    "ruled as dark as the ink": lambda cover: written(cover, ruled(40)),
    "squared": lambda cover: written(cover, ruled(190, squared=True)),
    "in a box": lambda cover: boxed(written(cover)),
    "dust": lambda cover: drawn_over(
        written(cover), lambda d: d.ellipse((8, 265, 15, 272), fill=30)
    ),
    "hair at the edge": lambda cover: drawn_over(
        written(cover), lambda d: d.arc((-60, 20, 14, 270), -80, 80, fill=60, width=2)
    ),
    "light and noise": lambda cover: noisy(written(cover) * SHADOW, 8),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_digit_is_found_as_on_clean_paper(way: str) -> None:
    alike = []
    for cover in COVERS:
        clean = find_digits(grey(written(cover)))
        found = find_digits(grey(WAYS[way](cover)))
        same = 1 == len(clean) == len(found)
        alike.append(same and similar(framed(clean[0]), framed(found[0])) > 0.85)
    assert sum(alike) >= 9  # of 10: in one, light and stroke may be hard to tell apart


def test_a_crop_is_bright_on_black_and_its_box_tells_where_it_was() -> None:
    field = np.full((400, 500), 255, np.uint8)
    field[100:300, 240:260] = 0
    (figure,) = find_digits(field)
    assert figure.box == (240, 100, 260, 300)
    assert figure.ink.shape == (200, 20)
    assert np.uint8 == figure.ink.dtype
    assert {255} == set(figure.ink.reshape(-1).tolist())


def test_boxes_of_large_images_are_in_their_own_pixels() -> None:
    field = np.full((2000, 3000), 255, np.uint8)
    field[600:1400, 1200:1300] = 0
    (figure,) = find_digits(field)
    assert pytest.approx(figure.box, abs=4) == (1200, 600, 1300, 1400)


@pytest.mark.parametrize("step", [240, 280])
def test_several_digits_are_found_from_left_to_right(step: int) -> None:
    field = np.zeros((SIDE, 2 * step + SIDE))
    for place, digit in enumerate((4, 0, 7)):
        there = field[:, place * step : place * step + SIDE]
        np.maximum(there, COVERS[digit], out=there)
    found = find_digits(grey(written(field)))
    assert len(found) == 3
    for figure, digit in zip(found, (4, 0, 7), strict=True):
        (alone,) = find_digits(grey(written(COVERS[digit])))
        assert similar(framed(alone), framed(figure)) > 0.97


def test_a_digit_in_parts_is_one_figure() -> None:
    image = Image.new("L", (200, 300), 255)
    draw = ImageDraw.Draw(image)
    draw.line([(90, 50), (160, 45)], fill=0, width=14)  # the top stroke of a five
    draw.line([(75, 80), (70, 140), (130, 170), (120, 230), (60, 240)], fill=0, width=14)
    (figure,) = find_digits(np.asarray(image))
    assert figure.box[1] < 50
    assert figure.box[3] > 230


@pytest.mark.parametrize("digit", range(10))
def test_a_broken_stroke_stays_one_digit(digit: int) -> None:
    gap = np.abs(ROWS + 0.3 * COLUMNS - 168) < 4
    (figure,) = find_digits(grey(written(np.where(gap, 0, COVERS[digit]))))
    (whole,) = find_digits(grey(written(COVERS[digit])))
    assert whole.box == pytest.approx(figure.box, abs=3)


def test_a_digit_that_runs_out_of_the_image_is_kept() -> None:
    for cover in COVERS:
        clear = cover > 0.2
        rows, columns = np.flatnonzero(clear.any(axis=1)), np.flatnonzero(clear.any(axis=0))
        tight = cover[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        (alone,) = find_digits(grey(written(cover)))
        (found,) = find_digits(grey(written(tight)))
        assert similar(framed(alone), framed(found)) > 0.95


EMPTY = np.zeros((SIDE, SIDE))

BLANK = {
    "even": written(EMPTY),
    "noise": noisy(written(EMPTY, 220), 8),
    "much noise": noisy(written(EMPTY, 220), 25),
    "gradient": written(EMPTY, np.linspace(235, 70, SIDE)[np.newaxis]),
    "shadow": written(EMPTY) * SHADOW,
    "vignette": written(EMPTY) * VIGNETTE,
    "shadow and noise": noisy(written(EMPTY) * (0.6 + 0.4 * SHADOW), 8),
    "one pixel": EMPTY[:1, :1],
    "one row": np.linspace(0, 255, 50)[np.newaxis] * 0 + 90,
}


@pytest.mark.parametrize("sheet", BLANK)
def test_an_empty_sheet_has_no_figures(sheet: str) -> None:
    assert find_digits(grey(BLANK[sheet])) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 3), (8, 8), (3000, 2), (2, 3000)])
def test_images_of_any_shape_are_looked_at(shape: tuple[int, int]) -> None:
    levels = np.random.default_rng(7).integers(0, 256, shape, np.uint8)
    for figure in find_digits(levels):
        left, top, right, bottom = figure.box
        assert 0 <= left < right <= shape[1]
        assert 0 <= top < bottom <= shape[0]


@pytest.mark.parametrize("levels", [2, 256])
def test_pure_noise_ends_quickly_in_bounded_memory(levels: int) -> None:
    random = np.random.default_rng(8)
    noise = (random.integers(0, levels, (1500, 2000)) * (255 // (levels - 1))).astype(np.uint8)
    tracemalloc.start()
    began = time.process_time()
    found = find_digits(noise)
    seconds, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) <= 256
    assert seconds < 30
    assert peak < 400e6


def test_figures_come_from_left_to_right_whichever_is_higher_and_in_their_own_pixels() -> None:
    field = np.full((600, 2400), 255, np.uint8)
    for left, top in ((1800, 100), (300, 250), (1000, 60)):
        field[top : top + 300, left : left + 60] = 0
    boxes = [figure.box for figure in find_digits(field)]
    assert boxes == [
        pytest.approx((left, top, left + 60, top + 300), abs=4)
        for left, top in ((300, 250), (1000, 60), (1800, 100))
    ]
