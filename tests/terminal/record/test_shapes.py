import re
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import gpunet.terminal
from gpunet.terminal.record.gif import _coverage, has_letter
from gpunet.terminal.record.shapes import shape_of

SOURCES = [*Path(gpunet.terminal.__file__).parent.rglob("*.py")]


def filled(character: str, size: tuple[int, int] = (80, 160)) -> np.ndarray:
    """(height, width) of a cell, whether a point lies in one of the polygons."""
    shape = shape_of(character)
    assert shape is not None
    image = Image.new("1", size)
    for polygon in shape.polygons:
        corners = [(x * size[0] - 0.5, y * size[1] - 0.5) for x, y in polygon]
        ImageDraw.Draw(image).polygon(corners, fill=1)
    return np.asarray(image)


@pytest.mark.parametrize(
    ("character", "left", "right", "top", "bottom"),
    [
        ("─", True, True, False, False),
        ("━", True, True, False, False),
        ("╸", True, False, False, False),
        ("│", False, False, True, True),
        ("┤", True, False, True, True),
        ("╭", False, True, False, True),
        ("┼", True, True, True, True),
        ("┘", True, False, True, False),
    ],
)
def test_a_line_reaches_the_edges_that_its_neighbors_begin_at(
    character: str, left: bool, right: bool, top: bool, bottom: bool
) -> None:
    cell = filled(character)
    middle = cell[78:82, :], cell[:, 39:41]
    reached = middle[0][:, 0], middle[0][:, -1], middle[1][0], middle[1][-1]
    assert [bool(edge.all()) for edge in reached] == [left, right, top, bottom]


@pytest.mark.parametrize(
    ("character", "share"),
    [("█", 1), ("▀", 0.5), ("▁", 0.125), ("▇", 0.875), ("▌", 0.5), ("▙", 0.75), ("▖", 0.25)],
)
def test_a_block_fills_its_share_of_the_cell(character: str, share: float) -> None:
    assert filled(character).mean() == pytest.approx(share, abs=0.02)


def test_shades_are_lighter_than_full_blocks() -> None:
    shades = [shape_of(character) for character in "░▒▓"]
    assert [shade and shade.opacity for shade in shades] == [0.25, 0.5, 0.75]


def test_braille_has_a_dot_where_its_name_says() -> None:
    places = {
        number: (0.25 + 0.5 * column, 0.125 + 0.25 * row)
        for column, numbers in enumerate(("1237", "4568"))
        for row, number in enumerate(numbers)
    }
    for code in range(0x2801, 0x2900):
        numbers = unicodedata.name(chr(code)).rpartition("-")[2]
        shape = shape_of(chr(code))
        assert shape is not None
        assert sorted(shape.dots) == sorted(places[number] for number in numbers)


def test_letters_are_left_to_fonts() -> None:
    assert [shape_of(text) for text in ("a", "%", "ä", "字", "", "e\u0301")] == [None] * 6


def test_all_that_the_terminal_draws_can_be_drawn_without_a_font() -> None:
    text = "".join(path.read_text("utf-8") for path in SOURCES)
    drawn = set(re.findall(r"[^\x00-\x7f]", text))
    unknown = [one for one in sorted(drawn) if shape_of(one) is None and not has_letter(one)]
    assert unknown == []
    assert all(
        _coverage(one, bold=False).any() for one in drawn if not one.isspace() and one != "⠀"
    )
