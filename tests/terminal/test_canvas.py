"""The canvas: acts in, strokes and pixels out."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image

from gpunet.terminal.draw.canvas import SIDE, Canvas, Point


def drawn(points: Sequence[Point], canvas: Canvas | None = None) -> Canvas:
    canvas = (canvas or Canvas()).lowered(points[0])
    for point in points[1:]:
        canvas = canvas.moved(point)
    return canvas.lifted()


def pressed(keys: str, canvas: Canvas | None = None) -> Canvas:
    canvas = canvas or Canvas()
    for key in keys.split():
        canvas = canvas.pressed(" " if key == "space" else key)
    return canvas


def ink_at(canvas: Canvas, x: float, y: float) -> int:
    return int(canvas.image()[round(y * SIDE), round(x * SIDE)])


LINE = [(0.2, 0.5), (0.5, 0.5), (0.8, 0.5)]


def test_a_stroke_is_as_wide_as_the_pen_and_round_at_its_ends() -> None:
    canvas = drawn(LINE)
    image = canvas.image()
    assert image.shape == (SIDE, SIDE)
    assert int((image[:, SIDE // 2] > 127).sum()) == pytest.approx(0.07 * SIDE, abs=1)
    left = np.flatnonzero((image > 127).any(axis=0))[0]
    assert left == pytest.approx((0.2 - 0.035) * SIDE, abs=1)
    upper = np.flatnonzero(image[SIDE // 2 - 9] > 127)[0]
    assert upper > left + 4  # the corner of a square end would be ink


def test_a_click_leaves_a_dot_and_the_pen_moves_without_ink_while_it_is_up() -> None:
    canvas = Canvas().lowered((0.5, 0.5)).lifted().moved((0.9, 0.9))
    assert ink_at(canvas, 0.5, 0.5) == 255
    assert ink_at(canvas, 0.7, 0.7) == 0
    assert len(canvas.strokes) == 1


def test_the_steps_of_cells_become_a_smooth_stroke() -> None:
    steps = [(0.1 + 0.1 * (i // 2 + i % 2), 0.1 + 0.1 * (i // 2)) for i in range(14)]
    image = drawn(steps).image() > 127
    rows, columns = np.nonzero(image)
    away = np.abs((columns - rows) / SIDE - 0.05) / np.sqrt(2)
    # The corners of the steps are 0.035 from the line through their middle, half the pen is 0.035.
    inside = (rows > 0.25 * SIDE) & (rows < 0.65 * SIDE)
    assert float(away[inside].max()) < 0.055


def test_what_was_drawn_is_taken_back_and_done_again_stroke_by_stroke() -> None:
    one = drawn(LINE)
    two = drawn([(0.5, 0.2), (0.5, 0.8)], one)
    assert two.pressed("u").strokes == one.strokes
    assert two.pressed("backspace").pressed("u").is_empty
    assert two.pressed("u").pressed("r").strokes == two.strokes
    assert two.pressed("c").is_empty
    assert two.pressed("c").pressed("u").strokes == two.strokes
    assert Canvas().pressed("u") == Canvas()
    new = drawn(LINE, two.pressed("u"))
    assert new.pressed("r").strokes == new.strokes  # a new stroke ends what could be done again


def test_clearing_an_empty_board_is_nothing_to_take_back() -> None:
    assert drawn(LINE).pressed("u").pressed("c").past == ()


def test_the_eraser_takes_ink_away_by_key_and_by_button() -> None:
    canvas = drawn(LINE)
    for erased in (
        drawn([(0.5, 0.5)], canvas.pressed("e")),
        canvas.lowered((0.5, 0.5), erases=True).lifted(),
    ):
        assert ink_at(erased, 0.5, 0.5) == 0
        assert ink_at(erased, 0.25, 0.5) == 255
    assert not canvas.pressed("e").pressed("e").erases
    assert drawn(LINE, canvas.pressed("e")).is_empty


def test_the_pen_becomes_wider_and_narrower_within_bounds() -> None:
    assert Canvas().pressed("+").width > Canvas().width > Canvas().pressed("-").width
    assert pressed("= " * 50).width == 0.2
    assert pressed("- " * 50).width == 0.03


def test_keys_alone_draw_a_seven() -> None:
    canvas = pressed("left " * 8 + "space " + "right " * 14 + "1 " * 12 + "space")
    assert len(canvas.strokes) == 1
    assert canvas.by_keys
    assert ink_at(canvas, 0.5, 0.25) == 255
    assert ink_at(canvas, 0.5, 0.4) == 255  # down the slant
    assert ink_at(canvas, 0.3, 0.6) == 0


def test_the_digits_move_the_pen_as_they_lie_on_a_keypad() -> None:
    step = 0.025
    directions = {"7": (-1, -1), "8": (0, -1), "9": (1, -1), "4": (-1, 0), "6": (1, 0)}
    directions |= {"1": (-1, 1), "2": (0, 1), "3": (1, 1), "left": (-1, 0), "down": (0, 1)}
    for key, (across, down) in directions.items():
        x, y = Canvas().pressed(key).pen
        assert (x, y) == pytest.approx((0.5 + step * across, 0.25 + step * down)), key
    assert Canvas().pressed("5") == Canvas()


def test_the_pen_stays_on_the_board() -> None:
    assert pressed("up " * 30 + "right " * 40).pen == (1.0, 0.0)
    wide = Canvas.of_shape(20, 40)
    assert wide.size == (1.0, 0.5)
    assert pressed("down " * 40, wide).pen[1] == 0.5
    assert wide.image().shape == (SIDE // 2, SIDE)
    assert not wide.holds((0.5, 0.6))


def test_the_file_holds_the_picture_in_either_polarity() -> None:
    canvas = drawn(LINE)
    for on_white in (False, True):
        read = np.asarray(Image.open(io.BytesIO(canvas.png(on_white=on_white))))
        assert np.array_equal(read, 255 - canvas.image() if on_white else canvas.image())


def test_nobody_can_change_the_pixels_that_are_kept() -> None:
    with pytest.raises(ValueError, match="read-only"):
        drawn(LINE).image()[0, 0] = 1
