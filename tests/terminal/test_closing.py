from collections.abc import Callable

import pytest
from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw.block import Block, text_block
from gpunet.terminal.views.ending import Part, print_parts, with_curves

MakeConsole = Callable[..., Console]


def lines(text: str, count: int) -> Text:
    return Text("\n".join([text] * count))


PARTS = [
    Part(lines("curves", 5), 3),
    Part(lines("samples", 9), 4),
    Part(lines("matrix", 6), 2),
    Part(lines("summary", 4)),
]


@pytest.mark.parametrize(
    ("height", "left_out"),
    [
        (29, []),
        (28, ["samples"]),
        (19, ["samples"]),
        (18, ["samples", "curves"]),
        (13, ["samples", "curves"]),
        (12, ["samples", "matrix"]),
        (11, ["samples", "curves", "matrix"]),
        (3, ["samples", "curves", "matrix"]),
    ],
)
def test_on_a_terminal_those_parts_are_printed_that_leave_a_line_for_the_shell(
    make_text_console: MakeConsole, height: int, left_out: list[str]
) -> None:
    console = make_text_console(80, height, colors="256")
    print_parts(console, PARTS)
    shown = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert {"curves", "samples", "matrix", "summary"} - {*shown} == {*left_out}
    assert shown[-1] == "summary"
    assert len(shown) <= max(height - 1, 5)


def test_into_a_file_all_of_it_is_printed(make_text_console: MakeConsole) -> None:
    console = make_text_console(80, 5)
    print_parts(console, PARTS)
    shown = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert len(shown) == 5 + 9 + 6 + 4 + 4


@pytest.mark.parametrize(
    ("size", "first", "left_out"),
    [
        ((120, 40), ["curves", "of", "66x14", "matrix"], []),
        ((120, 19), ["curves", "of", "120x5"], ["matrix"]),  # side by side they are too high
        ((100, 40), ["curves", "of", "100x5"], []),
    ],
)
def test_the_curves_stand_beside_what_leaves_them_room_so_that_a_larger_screen_shows_more(
    make_text_console: MakeConsole, size: tuple[int, int], first: list[str], left_out: list[str]
) -> None:
    console = make_text_console(*size, colors="256")

    def curves(width: int, rows: int) -> Block:
        told = text_block(console, [Text(f"curves of {width}x{rows or 5}")], width)
        return told.shaped(width, rows or 5)

    matrix, summary = Part(lines("matrix".ljust(51, "."), 14), 2), Part(lines("summary", 4))
    print_parts(console, with_curves(console, curves, [matrix, summary]))
    shown = console.file.getvalue().replace(".", " ").split("\n")  # type: ignore[attr-defined]
    assert shown[1].split() == first
    assert [word for word in ("matrix", "summary") if word not in " ".join(shown)] == left_out
