"""Errors and notes on a terminal: colored, wrapped at words, with the next move on its own line."""

from __future__ import annotations

import ast
import io
import re
from pathlib import Path

import pytest

import gpunet
from gpunet.terminal.live.notes import MOVES, complain, next_move, note, note_load

SENTENCES = {
    "--optimizer is 'adma', wanted one of adam; did you mean 'adam'?": "did you mean 'adam'?",
    "--output and --plot both name one.png; give them different names": "give them different names",
    "no run is kept in runs; `gpunet runs` lists those that there are": (
        "`gpunet runs` lists those that there are"
    ),
    "--device x names no adapter; known are: 0 (llvmpipe); choose one of them": (
        "choose one of them"
    ),
    "row 3 is empty; fill it in; or leave out the row": "fill it in; or leave out the row",
    "the classes differ; for measured targets give --loss huber": (
        "for measured targets give --loss huber"
    ),
    "the run was begun on numpy; on another device its last digits will differ": "",
    "stopping now; trials that are done are kept": "",
}


class Terminal(io.StringIO):
    """A standard error that a person looks at."""

    def isatty(self) -> bool:
        return True


def screen_of(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal of 40 columns in the place of the standard error."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "JPY_PARENT_PID"):
        monkeypatch.delenv(name, raising=False)
    return terminal


def lines_of(screen: Terminal) -> list[str]:
    """The lines without their styles."""
    return re.sub(r"\x1b\[[\d;]*m", "", screen.getvalue()).splitlines()


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_is_parted_where_its_next_move_begins(sentence: str) -> None:
    cause, move = next_move(sentence)
    assert move == SENTENCES[sentence]
    assert sentence == (f"{cause}; {move}" if move else cause)


def test_every_word_that_begins_a_move_stands_in_a_message() -> None:
    said = "".join(
        node.value
        for path in Path(gpunet.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    assert [word for word in sorted(MOVES) if f"; {word}" not in said] == []


def test_an_error_is_wrapped_between_words_and_its_move_stands_below(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = screen_of(monkeypatch)
    complain("--output and --report both name one.json; give them different names, please")
    assert lines_of(screen) == [
        "error: --output and --report both name",
        "       one.json",
        "  tip: give them different names, please",
    ]


def test_what_is_longer_than_a_line_stays_whole_to_be_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = screen_of(monkeypatch)
    path = "/a/path/that/is/longer/than/the/line/of/the/terminal.csv"
    note(f"it is kept as {path}")
    assert lines_of(screen) == ["note: it is kept as", f"      {path}"]


def test_the_first_words_are_bold_and_colored_where_there_are_colors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = screen_of(monkeypatch)
    complain("it failed; try again")
    error, tip = screen.getvalue().splitlines()
    assert error.startswith("\x1b[1;38;5;")
    assert error.endswith("error\x1b[0m: it failed")
    assert tip.startswith("\x1b[1;38;5;")
    assert tip.endswith("  tip\x1b[0m: try again")


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_nothing_is_colored_where_no_colors_are_wanted(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    screen = screen_of(monkeypatch)
    monkeypatch.setenv(variable, value)
    complain("it failed; try again")
    assert "38;" not in screen.getvalue()
    assert lines_of(screen) == ["error: it failed", "  tip: try again"]


@pytest.mark.parametrize(("load", "told"), [(0.2, False), (1.9, False), (2.1, True)])
def test_a_busy_machine_is_told_of_before_it_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], load: float, told: bool
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    monkeypatch.setattr("os.getloadavg", lambda: (load, 9.0, 9.0), raising=False)
    note_load()
    said = capsys.readouterr().err
    assert said.startswith("note: this machine is busy, with a load of 2.1 on 4 pro") == told
    assert bool(said) == told
