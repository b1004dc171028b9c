"""What stands on the terminal, cell by cell, so that a frame writes only what has changed.

Owns the alternate screen and the escape codes of a frame. When one is drawn belongs to
``live_screen``; colors and what is told of the terminal to a rich console.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from operator import itemgetter

from rich.cells import get_character_cell_size
from rich.console import COLOR_SYSTEMS, Console
from rich.style import Style

from gpunet.terminal.draw.block import Block, Line

__all__ = ["Cells"]

Cell = tuple[str, Style | None]
"""A character and its style; an empty one behind a character that is two cells wide."""

ENTER, LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
"""Go to the alternate screen and hide the cursor, and back."""

BEGIN, END = "\x1b[?2026h\x1b[?7l", "\x1b[0m\x1b[?7h\x1b[?2026l"
"""Around a frame: the terminal shows it as a whole, where it can (DEC 2026), and breaks no line of
it, though it may have become narrower a moment ago."""

MOUSE = "\x1b[?1002h\x1b[?1006h", "\x1b[?1006l\x1b[?1002l"
"""Have the terminal tell of its mouse's buttons and of what is dragged; have it tell no more."""

SINGLE = re.compile("[ -~─-▟⠀-⣿]*")
"""Texts of ASCII, lines, blocks and braille alone, each of whose characters takes one cell."""

APART = 6
"""Unchanged cells that are written again rather than jumped over, which takes as many bytes."""


class Cells:
    """The screen of a terminal; each write is one whole piece.

    Args:
        console: of the terminal; it says which colors there are.
    """

    def __init__(self, console: Console) -> None:
        self.is_open = False
        """Whether the terminal shows the alternate screen."""
        self._console = console
        self._colors = COLOR_SYSTEMS.get(console.color_system or "")
        self._codes: dict[Style | None, str] = {}
        self._shown = Block(0, [])
        self._rows: dict[int, list[Cell]] = {}  # the cells of what is shown
        self._mouse = False

    def open(self, more: str = "") -> None:
        """Go to the alternate screen, of which nothing is known, and write more codes."""
        self.is_open = True
        self.forget()
        self._write(ENTER + more)

    def close(self, more: str = "") -> None:
        """Give the terminal back as it was, if it was taken, and write more codes."""
        if self.is_open:
            self.is_open = False
            self._write(self._mouse_told(False) + LEAVE + more)

    def forget(self) -> None:
        """Write every cell with the next frame: somebody else may have written there."""
        self._shown = Block(0, [])

    def draw(self, block: Block, mouse: bool = False, more: str = "") -> None:
        """Show the block in the upper left corner.

        Args:
            block: what to show.
            mouse: whether the terminal is to tell of its mouse.
            more: codes that draw nothing.
        """
        changes = "".join(self._changes(block)) + self._mouse_told(mouse) + more
        self._shown = block
        if changes:
            self._write(BEGIN + changes + END)

    def _write(self, text: str) -> None:
        self._console.file.write(text)
        self._console.file.flush()

    def _mouse_told(self, wanted: bool) -> str:
        """What asks for the mouse, or for no more of it, unless that is so already."""
        if wanted == self._mouse or sys.platform == "win32":
            return ""
        self._mouse = wanted
        return MOUSE[0 if wanted else 1]

    def _changes(self, block: Block) -> Iterator[str]:
        """The codes that make what is shown into the block."""
        before = self._shown
        known = (before.width, before.height) == (block.width, block.height)
        pen = self._code(None)
        for row, line in enumerate(block.lines):
            if known and before.lines[row] == line:
                continue
            cells = _cells(line)
            runs = _runs(self._rows[row], cells) if known else [(0, len(cells))]
            self._rows[row] = cells
            for start, end in runs:
                yield f"\x1b[{row + 1};{start + 1}H"
                for style, run in groupby(cells[start:end], itemgetter(1)):
                    if (code := self._code(style)) != pen:
                        pen = code
                        yield code
                    yield "".join(map(itemgetter(0), run))

    def _code(self, style: Style | None) -> str:
        """The escape code that sets this style and no other."""
        if style not in self._codes:
            shown = style or Style.null()
            shown = shown.without_color if self._console.no_color else shown
            code, _, _ = shown.render("x", color_system=self._colors).partition("x")
            self._codes[style] = f"\x1b[0;{code[2:]}" if code else "\x1b[0m"
        return self._codes[style]


def _cells(line: Line) -> list[Cell]:
    """The cells of a line; what is no character that can be seen has none."""
    cells: list[Cell] = []
    for text, style, _ in line:
        if SINGLE.fullmatch(text):
            cells += [(character, style) for character in text]
            continue
        for character in filter(str.isprintable, text):
            size = get_character_cell_size(character)
            if not size and cells:  # an accent on the character before
                cells[-1] = (cells[-1][0] + character, style)
            else:
                cells += [(character, style), ("", style)][: size or 1]
    return cells


def _runs(before: Sequence[Cell], cells: Sequence[Cell]) -> Iterator[tuple[int, int]]:
    """Where the cells are other than before, each run from its first cell to after its last."""
    changed = [
        place for place, pair in enumerate(zip(before, cells, strict=True)) if pair[0] != pair[1]
    ]
    ends = [place for place, after in pairwise(changed) if after - place > APART] + changed[-1:]
    starts = changed[:1] + [after for place, after in pairwise(changed) if after - place > APART]
    yield from zip(starts, (end + 1 for end in ends), strict=True)
