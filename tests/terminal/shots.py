"""What a terminal shows, as text that can be held in a file and compared line by line.

First the lines, then below a rule the same lines with a letter in every cell that has a style:
which letter stands for which style is told by ``LETTERS``, and of any other by the last lines.
"""

from __future__ import annotations

import re
import string
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console

from gpunet.terminal.draw import style

__all__ = ["as_seen", "assert_as_held"]

HELD = Path(__file__).with_name("shots")

LETTERS = {
    style.Ink.TRAIN: "t",
    style.Ink.VALIDATION: "v",
    style.RIGHT_SHARE[0]: "r",
    style.RIGHT_SHARE[1]: "s",
    style.RIGHT_SHARE[2]: "q",
    style.WRONG_SHARE[0]: "w",
    style.WRONG_SHARE[1]: "x",
    style.WRONG_SHARE[2]: "y",
    style.Ink.WARNING: "!",
    style.Ink.LABEL: "l",
    style.Ink.MUTED: ".",
    style.Ink.LINE: "-",
    style.Ink.STRONG: "b",
}
"""``BEST`` looks as many of what is right do."""

PICTURE = re.compile(r"38;5;2[345]\d;48;5;2[345]\d")
"""A half block of a grey picture."""

CODE = re.compile(r"\x1b\[([\d;]*)m")


def as_seen(console: Console) -> str:
    """What was printed on a console that writes into a text, with its styles below."""
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    letters = {_code(console, name): letter for name, letter in LETTERS.items()}
    others: dict[str, str] = {}
    shown, styles = [], []
    for line in text.splitlines():
        words, code = "", ""
        marks = ""
        for place, part in enumerate(CODE.split(line)):
            if place % 2:
                code = "" if part == "0" else part
                continue
            words += part
            marks += _letter(code, letters, others) * cell_len(part)
        shown.append(words.rstrip())
        styles.append(marks.rstrip())
    lines = [*shown, "=" * 40, *styles] if any(styles) else shown
    legend = [f"{letter} is {code}" for code, letter in others.items()]
    return "\n".join([*lines, *legend]) + "\n"


def assert_as_held(console: Console, name: str) -> None:
    """Compare what was printed with the file of that name."""
    path = HELD / f"{name}.txt"
    expected = path.read_text("utf-8") if path.exists() else ""
    assert expected.splitlines() == as_seen(console).splitlines(), path


def _letter(code: str, letters: dict[str, str], others: dict[str, str]) -> str:
    if not code:
        return " "
    if PICTURE.fullmatch(code):
        return "g"
    return letters.get(code) or others.setdefault(code, string.ascii_uppercase[len(others)])


def _code(console: Console, name: str) -> str:
    found = CODE.search(console.get_style(name).render("x", color_system=console._color_system))
    return found[1] if found else ""
