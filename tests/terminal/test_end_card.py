"""The card that stands last: framed and low on a terminal, whole lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from gpunet.terminal.views.end_card import EndCard
from gpunet.terminal.views.ending import Part, print_parts, whole

MakeConsole = Callable[..., Console]

MODEL = "runs/0012-mnist-784-16-16-10/model.safetensors"
CARD = EndCard(
    "mnist, 784-16-16-10",
    [
        ("test accuracy", "97.12 % ± 0.33, loss 0.1012, 10,000 samples"),
        ("best epoch", "12 of 20, by its val loss, 0.1012"),
        ("model", f"{MODEL}, as another was there before"),
        ("report", "run.json"),
        ("plot", "curves.png"),
        ("training time", "8.9 s"),
        ("ended", "all epochs done"),
        ("device", "a card (discrete GPU, Vulkan)"),
    ],
    [
        (f"gpunet showcase {MODEL} --wrong", "what it gets wrong"),
        (f"gpunet predict {MODEL} IMAGE", "an image of yours"),
    ],
)


def printed(console: Console, card: EndCard) -> list[str]:
    print_parts(console, [Part(card)])
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return Text.from_ansi(text).plain.splitlines()


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("width", [40, 60, 80, 100, 140, 200])
def test_a_card_fits_every_width_and_tells_the_result_and_a_move(
    make_text_console: MakeConsole, width: int, ascii_only: bool
) -> None:
    console = make_text_console(width, colors="256", ascii_only=ascii_only)
    blank, *lines = printed(console, CARD)
    assert (blank, len(lines) <= 12) == ("", True)
    assert {cell_len(line) <= width for line in lines} == {True}
    assert len({cell_len(line) for line in lines}) == 1
    assert (lines[0][0], lines[-1][0]) == (("+", "+") if ascii_only else ("╭", "╰"))
    inside = "".join(line[2:-2] for line in lines[1:-1])
    assert "97.12" in inside
    assert MODEL in "".join(inside.split())
    move = f"gpunet showcase {MODEL} --wrong".replace(" ", "")
    assert (move in inside.replace(" ", "")) == (width > 40)


def test_a_card_leaves_the_result_on_a_low_screen(make_text_console: MakeConsole) -> None:
    on_screen = printed(make_text_console(40, 10, colors="256"), CARD)[-9:]
    assert "97.12 % ± 0.33" in "".join(line[2:-2] for line in on_screen)
    assert len(printed(make_text_console(80, 10, colors="256"), CARD)) <= 9


def test_what_is_left_out_of_a_card_are_its_last_rows_then_its_last_moves(
    make_text_console: MakeConsole,
) -> None:
    wide = "\n".join(printed(make_text_console(140, colors="256"), CARD))
    assert [name for name, _ in CARD.rows if name in wide] == [name for name, _ in CARD.rows]
    assert "what it gets wrong" in wide
    narrow = "\n".join(printed(make_text_console(60, colors="256"), CARD))
    assert ("device" in narrow, "test accuracy" in narrow, "showcase" in narrow) == (
        *(False, True, True),
    )
    assert "what it gets wrong" not in narrow


def test_without_a_terminal_a_card_is_a_line_for_each_row_and_move(
    make_text_console: MakeConsole,
) -> None:
    lines = printed(make_text_console(40), CARD)
    assert lines == [
        "",
        *(f"{name:<13}  {value}" for name, value in CARD.rows),
        f"next           {CARD.moves[0][0]}  # what it gets wrong",
        f"               {CARD.moves[1][0]}  # an image of yours",
    ]


def test_a_warning_stands_first_and_colors_the_frame(make_text_console: MakeConsole) -> None:
    card = EndCard("strokes", CARD.rows[:2], warning="no better than guessing")
    assert printed(make_text_console(80), card)[1] == "no better than guessing"
    console = make_text_console(80, colors="truecolor")
    print_parts(console, [Part(card)])
    framed = console.file.getvalue()  # type: ignore[attr-defined]
    plain = make_text_console(80, colors="truecolor")
    print_parts(plain, [Part(EndCard("strokes", CARD.rows[:2]))])
    assert framed.splitlines()[1] != plain.file.getvalue().splitlines()[1]  # type: ignore[attr-defined]


def test_a_command_is_broken_by_the_terminal_alone_and_counts_the_rows_that_it_takes(
    make_text_console: MakeConsole,
) -> None:
    command = "gpunet train " + "--hidden 16 " * 12  # 157 cells, four rows of 40
    for height, left in ((10, True), (9, False)):
        console = make_text_console(40, height, colors="256")
        print_parts(console, [Part(Text("a\nb\nc"), 1), Part(whole(command))])
        lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
        assert lines[-1] == command
        assert ("a" in lines) is left


@pytest.mark.parametrize("warning", ["", "no better than guessing"])
def test_the_title_is_as_bright_as_the_values_whatever_the_frames_color(
    make_text_console: MakeConsole, warning: str
) -> None:
    console = make_text_console(80, colors="256")
    head = console.render_lines(replace(CARD, warning=warning))[0]
    (title,) = (one.style for one in head if CARD.title in one.text)
    assert title is not None
    assert title.color is not None
    assert (title.bold, title.color.is_default) == (True, True)


@pytest.mark.parametrize("width", [50, 100])
def test_the_result_alone_is_bold_among_the_values(
    make_text_console: MakeConsole, width: int
) -> None:
    console = make_text_console(width, colors="256")
    print_parts(console, [Part(CARD)])
    text = Text.from_ansi(console.file.getvalue())  # type: ignore[attr-defined]
    bold = [text.plain[start:end] for start, end, style in text.spans if "bold" in str(style)]
    assert " ".join(" ".join(bold).split()) == f"{CARD.title} {CARD.rows[0][1]}"
