"""What is written of a frame: a terminal that obeys the codes shows it, and no more is sent."""

from __future__ import annotations

import io
import random
import sys
from collections.abc import Callable

import pytest
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from tests.terminal.emulated import Terminal

from gpunet.terminal.draw.block import Block
from gpunet.terminal.live.cells import BEGIN, END, ENTER, LEAVE, MOUSE, Cells

MakeConsole = Callable[..., Console]

RED, BLUE = Style.parse("red"), Style.parse("bold blue")


def block(*lines: list[tuple[str, Style | None]]) -> Block:
    parts = [[Segment(text, style) for text, style in line] for line in lines]
    return Block(Segment.get_line_length(parts[0]), parts)


def written(console: Console) -> str:
    """What came since the last time."""
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    console.file.seek(0)
    console.file.truncate()
    return text


@pytest.fixture
def console(make_text_console: MakeConsole) -> Console:
    return make_text_console(colors="truecolor")


def test_a_frame_is_written_in_one_piece_and_only_where_it_is_another(console: Console) -> None:
    cells = Cells(console)
    cells.draw(block([("loss 0.5 ", None), ("red", RED)], [("second line.", None)]))
    assert written(console) == (
        f"{BEGIN}\x1b[1;1Hloss 0.5 \x1b[31mred\x1b[2;1H\x1b[0msecond line.{END}"
    )
    cells.draw(block([("loss 0.4 ", None), ("red", RED)], [("second line.", None)]))
    assert written(console) == f"{BEGIN}\x1b[1;8H4{END}"
    cells.draw(block([("loss 0.4 ", None), ("red", BLUE)], [("second line!", None)]))
    assert written(console) == f"{BEGIN}\x1b[1;10H\x1b[0;1;34mred\x1b[2;12H\x1b[0m!{END}"
    cells.draw(block([("loss ", None), ("0.4 ", None), ("red", BLUE)], [("second line!", None)]))
    assert written(console) == ""


def test_a_few_cells_between_two_changes_are_written_again(console: Console) -> None:
    cells = Cells(console)
    cells.draw(block([("a12345b1234567c", None)]))
    written(console)
    cells.draw(block([("A12345B1234567C", None)]))
    assert written(console) == f"{BEGIN}\x1b[1;1HA12345B\x1b[1;15HC{END}"


def test_what_is_forgotten_and_what_has_another_size_is_written_whole(console: Console) -> None:
    cells, shown = Cells(console), block([("abc", None)])
    cells.draw(shown)
    first = written(console)
    cells.draw(shown)
    assert written(console) == ""
    cells.forget()
    cells.draw(shown)
    assert written(console) == first
    cells.draw(block([("abcd", None)]))
    assert written(console) == f"{BEGIN}\x1b[1;1Habcd{END}"
    cells.open()
    assert written(console) == ENTER
    cells.draw(block([("abcd", None)]))
    assert written(console) == f"{BEGIN}\x1b[1;1Habcd{END}"


def test_a_terminal_shows_every_frame_whatever_there_was_before(console: Console) -> None:
    rng = random.Random(1)
    width, height = 30, 6
    cells, terminal = Cells(console), Terminal(width, height)

    def line() -> list[tuple[str, Style | None]]:
        parts: list[tuple[str, Style | None]] = []
        room = width
        while room:
            text = rng.choice(["a", "bc", "    ", "⣿⡇", "漢", "漢字"[:1] * 2])
            size = len(text) * (2 if "漢" in text else 1)
            if size <= room:
                parts.append((text, rng.choice([None, RED, BLUE])))
                room -= size
        return parts

    lines = [line() for _ in range(height)]
    for _ in range(200):
        for row in rng.sample(range(height), rng.randrange(3)):
            lines[row] = line()
        frame = block(*lines)
        cells.draw(frame)
        terminal.obey(written(console))
        fresh = Terminal(width, height)
        Cells(console).draw(frame)
        fresh.obey(written(console))
        assert terminal.cells == fresh.cells
        assert terminal.lines == ["".join(text for text, _ in parts) for parts in lines]


def test_no_text_reaches_the_terminal_as_a_control_code(console: Console) -> None:
    cells = Cells(console)
    cells.draw(block([("a\x1b[2J\x07é\u0301\u202e\n", RED)]))
    assert written(console) == f"{BEGIN}\x1b[1;1H\x1b[31ma[2Jé\u0301\x1b[6G{END}"


@pytest.mark.parametrize(
    "name", ["❤\ufe0f", "👩\u200d🔬", "\u0301a", "각", "e\u0301\u0302", "\u202eb"]
)
def test_what_stands_behind_a_class_of_several_characters_is_drawn_at_its_place(
    console: Console, name: str
) -> None:
    """Neither the frame after it fails, nor is its right side shifted where terminals differ."""
    cells, terminal = Cells(console), Terminal(12, 1)
    for percent in ("91 %", "99 %"):
        text = Text(f"{name} {percent}")
        text.pad_right(12 - text.cell_len)
        cells.draw(block([(text.plain, RED)]))
        terminal.obey(written(console))
    column = Text(f"{name} ").cell_len
    assert "".join(one for one, _ in terminal.cells[0][column:]).rstrip() == "99 %"


@pytest.mark.parametrize(
    ("settings", "codes"),
    [
        ({"colors": "256"}, "\x1b[0;1;34m"),
        ({"colors": "truecolor", "no_color": True}, "\x1b[0;1m"),
        ({}, ""),
    ],
)
def test_colors_are_those_that_the_console_has(
    make_text_console: MakeConsole, settings: dict[str, bool], codes: str
) -> None:
    console = make_text_console(**settings)
    Cells(console).draw(block([("x", BLUE)]))
    assert written(console) == f"{BEGIN}\x1b[1;1H{codes}x{END}"


def test_the_screen_is_left_once_and_the_mouse_before_it(console: Console) -> None:
    cells, shown = Cells(console), block([("x", None)])
    cells.close()
    assert written(console) == ""
    cells.open()
    cells.draw(shown, mouse=True)
    cells.draw(shown, mouse=True)
    on = "" if sys.platform == "win32" else MOUSE[0]
    off = "" if sys.platform == "win32" else MOUSE[1]
    assert written(console) == f"{ENTER}{BEGIN}\x1b[1;1Hx{on}{END}"
    cells.draw(shown)
    cells.draw(shown, mouse=True)
    written(console)
    assert cells.is_open
    cells.close()
    cells.close()
    assert written(console) == f"{off}{LEAVE}"
    assert not cells.is_open
