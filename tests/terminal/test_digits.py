from collections.abc import Callable

import numpy as np
import pytest
from rich.console import Console

from gpunet.terminal.draw.digits import background_of, brightness, cropped, fitted, greys, picture

MakeConsole = Callable[..., Console]


def test_bytes_and_floats_of_the_same_image_are_equally_bright() -> None:
    image = np.array([[0, 51], [204, 255]], np.uint8)
    floats = (image / 255).astype(np.float32)
    assert np.allclose(brightness(image), brightness(floats))


def test_floats_beyond_one_are_brought_into_the_range() -> None:
    image = np.array([[-1.0, 3.0]], np.float32)
    assert brightness(image).tolist() == [[0.0, 1.0]]


def test_empty_margins_are_cropped() -> None:
    image = np.zeros((10, 10))
    image[3:6, 4:9] = 1
    assert cropped(image, background_of(image)).shape == (3, 5)


def test_white_margins_of_dark_ink_are_cropped() -> None:
    image = np.ones((10, 10))
    image[3:6, 4:9] = 0
    assert cropped(image, background_of(image)).shape == (3, 5)


def test_an_image_without_ink_stays_whole() -> None:
    assert cropped(np.full((4, 5), 0.5), 0.5).shape == (4, 5)


def test_scaling_down_averages() -> None:
    image = np.array([[0.0, 1.0, 1.0, 1.0], [0.0, 1.0, 1.0, 1.0]])
    assert fitted(image, 1, 2, 0.0).tolist() == [[0.5, 1.0]]


def test_small_images_are_enlarged_by_whole_factors_and_centered() -> None:
    drawn = fitted(np.ones((1, 1)), 3, 5, 0.0)
    assert drawn[:, 1:4].tolist() == [[1] * 3] * 3
    small = fitted(np.ones((2, 2)), 5, 5, 0.0)
    assert np.count_nonzero(small) == 16


def test_proportions_are_kept() -> None:
    drawn = fitted(np.ones((40, 10)), 20, 20, 0.0)
    assert np.count_nonzero(drawn[10]) == 5


@pytest.mark.parametrize("shape", [(28, 28), (8, 8), (1, 1), (100, 3), (3, 100)])
@pytest.mark.parametrize("size", [(12, 6), (1, 1), (40, 3)])
@pytest.mark.parametrize("colors", ["truecolor", "256", None])
def test_a_picture_of_any_image_is_as_large_as_asked_for(
    make_text_console: MakeConsole,
    shape: tuple[int, int],
    size: tuple[int, int],
    colors: str | None,
) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    columns, rows = size
    block = picture(make_text_console(colors=colors), image, columns, rows)
    assert [columns] * rows == [sum(len(s.text) for s in line) for line in block.lines]


def test_two_pixels_share_a_cell_in_color(make_text_console: MakeConsole) -> None:
    image = np.array([[255], [0]], np.uint8)
    (segment,) = picture(make_text_console(colors="truecolor"), image, 1, 1).lines[0]
    assert segment.style is not None
    assert segment.style.color is not None
    assert segment.style.bgcolor is not None
    assert segment.text == "▀"
    assert (segment.style.color.triplet[0], segment.style.bgcolor.triplet[0]) == (238, 8)  # type: ignore[index]


@pytest.mark.parametrize("colors", [None, "truecolor"])
def test_an_ascii_picture_is_ascii(make_text_console: MakeConsole, colors: str | None) -> None:
    image = np.zeros((16, 16), np.uint8)
    image[4:, 4:8] = 255
    image[12:, 8:12] = 255
    block = picture(make_text_console(ascii_only=True, colors=colors), image, 16, 8)
    text = "".join(segment.text for line in block.lines for segment in line)
    assert text.isascii()
    assert {" ", "@"} <= set(text)


def test_a_picture_without_color_has_no_style(make_text_console: MakeConsole) -> None:
    image = np.zeros((16, 16), np.uint8)
    image[4:12, 4:12] = 255
    for console in (make_text_console(), make_text_console(colors="truecolor", no_color=True)):
        segments = [s for line in picture(console, image, 16, 8).lines for s in line]
        assert {None} == {segment.style for segment in segments}
        assert "█" in "".join(segment.text for segment in segments)


@pytest.mark.parametrize(("paper", "mark"), [(255, "█"), (0, " ")])
@pytest.mark.parametrize("shape", [(20, 4), (4, 20)])
def test_what_is_left_free_around_a_drawing_is_paper_as_in_the_image(
    make_text_console: MakeConsole, paper: int, mark: str, shape: tuple[int, int]
) -> None:
    image = np.full((24, 24), paper, np.uint8)
    image[2 : 2 + shape[0], 2 : 2 + shape[1]] = 255 - paper
    block = picture(make_text_console(), image, 12, 6)
    lines = ["".join(segment.text for segment in line) for line in block.lines]
    corners = {lines[0][0], lines[0][-1], lines[-1][0], lines[-1][-1]}
    assert corners == {mark}
    assert len({*"".join(lines)}) > 1


@pytest.mark.parametrize("paper", [255, 0])
def test_an_image_in_pixels_has_paper_beside_it_and_keeps_its_margins(paper: int) -> None:
    image = np.full((20, 10), paper, np.uint8)
    image[5:15, 4:6] = 255 - paper
    drawn = greys(image, 20, 20)
    assert drawn.shape == (20, 20, 3)
    assert (drawn[:, :5] == paper).all()
    assert (drawn[:, 15:] == paper).all()
    assert (drawn[5:15, 9:11] == 255 - paper).all()
    assert np.count_nonzero(drawn[..., 0] != paper) == 20
