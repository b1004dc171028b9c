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
    assert (segment.style.color.number, segment.style.bgcolor.number) == (255, 232)


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


def test_a_brightness_is_lifted_to_the_nearest_of_the_greys_and_of_the_shades(
    make_text_console: MakeConsole,
) -> None:
    image = np.array([[0, 26, 64, 128, 191, 255]] * 2, np.uint8)
    (line,) = picture(make_text_console(colors="256"), image, 6, 1).lines
    assert [(part.text, part.style.bgcolor.number) for part in line] == [  # type: ignore[union-attr]
        (" ", 232 + level) for level in (0, 4, 8, 14, 19, 23)
    ]
    assert all(part.style.color == part.style.bgcolor for part in line)  # type: ignore[union-attr]
    (line,) = picture(make_text_console(), image, 6, 1).lines
    assert [part.text for part in line] == [" ░░▒▓█"]
    (line,) = picture(make_text_console(ascii_only=True), image, 6, 1).lines
    assert [part.text for part in line] == [" :-+#@"]


def test_runs_of_the_same_two_pixels_are_one_segment(make_text_console: MakeConsole) -> None:
    image = np.array([[255, 255, 0, 255], [0, 0, 0, 255]], np.uint8)
    (line,) = picture(make_text_console(colors="truecolor"), image, 4, 1).lines
    assert [part.text for part in line] == ["▀▀", " ", " "]


def test_a_shade_is_the_mean_of_two_pixels(make_text_console: MakeConsole) -> None:
    image = np.array([[255, 255, 0, 0], [0, 255, 0, 0]], np.uint8)
    (line,) = picture(make_text_console(), image, 2, 1).lines
    assert line[0].text == "▒█"


@pytest.mark.parametrize(("level", "drawn"), [(25, False), (26, True)])
def test_a_pixel_belongs_to_the_drawing_if_it_differs_by_more_than_a_tenth(
    level: int, drawn: bool
) -> None:
    image = np.zeros((5, 5), np.uint8)
    image[1, 2] = level
    whole = brightness(image)
    assert (cropped(whole, background_of(whole)).shape == (1, 1)) == drawn


def test_what_is_no_number_is_dark_or_bright() -> None:
    image = np.array([[np.nan, np.inf, -np.inf, 0.5, 0.25]], np.float32)
    assert brightness(image).tolist() == [[0, 1, 0, 0.5, 0.25]]
    assert brightness(np.array([[-1.0, 0.0, 1.0]], np.float32)).tolist() == [[0, 0.5, 1]]
    assert brightness(np.array([[0.25, 0.5]], np.float32)).tolist() == [[0.25, 0.5]]


def test_the_background_is_the_median_of_the_whole_border() -> None:
    image = np.full((5, 7), 0.9)
    image[0], image[-1] = 0.1, 0.2
    image[:, 0], image[:, -1] = 0.3, 0.4
    assert background_of(image) == pytest.approx(0.3)
    image[0] = 0.5
    assert background_of(image) == pytest.approx(0.4)
    assert background_of(np.zeros((0, 4))) == 0


def test_an_image_is_centered_and_never_vanishes() -> None:
    drawn = fitted(np.ones((2, 40)), 6, 20, 0.25)
    assert np.flatnonzero((drawn == 1).any(axis=1)).tolist() == [2]
    assert (drawn[[0, 1, 3, 4, 5]] == 0.25).all()
    tall = fitted(np.ones((100, 1)), 10, 4, 0.0)
    assert np.flatnonzero(tall.any(axis=0)).tolist() == [1]
    assert fitted(np.ones((3, 3)), 7, 9, 0.0).nonzero()[1].tolist() == [*range(1, 7)] * 6
    assert fitted(np.zeros((0, 3)), 2, 2, 0.5).tolist() == [[0.5, 0.5]] * 2
    assert fitted(np.array([[0.0, 1.0, 0.5]]), 2, 2, 0.0).tolist()[0] == pytest.approx(
        [1 / 3, 2 / 3]
    )


def test_pixels_are_rounded_to_bytes_in_all_three_colors() -> None:
    image = np.array([[0.0, 0.25, 0.5, 1.0]], np.float32)
    assert greys(image, 1, 4).tolist() == [[[0] * 3, [64] * 3, [128] * 3, [255] * 3]]
