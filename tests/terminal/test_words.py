"""Long lines: broken at words on a terminal, whole in a file."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rich.console import Console

from gpunet.terminal.live.console import print_words

MakeConsole = Callable[..., Console]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "data:   strokes, digits drawn from pen strokes",
            ["data:   strokes, digits drawn", "        from pen strokes"],
        ),
        ("  one two three four five six seven", ["  one two three four five six", "  seven"]),
        ("no lead, but a line of many words", ["no lead, but a line of many", "words"]),
        (
            "run:    runs/0001-a-name-that-is-longer-than-the-line",
            ["run:    runs/0001-a-name-that-is-longer-than-the-line"],
        ),
        ("short", ["short"]),
    ],
)
def test_a_terminal_gets_lines_that_end_between_words_and_a_file_gets_one(
    make_text_console: MakeConsole, line: str, told: list[str]
) -> None:
    terminal, file = make_text_console(30, colors="256"), make_text_console(30)
    for console in (terminal, file):
        print_words(console, line)
    assert terminal.file.getvalue().splitlines() == told  # type: ignore[attr-defined]
    assert file.file.getvalue() == f"{line}\n"  # type: ignore[attr-defined]
