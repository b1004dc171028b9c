"""The terminal's cells as last drawn, so that a frame writes only those that have changed.

Owns the alternate screen and the escape codes of a frame. When to draw a frame belongs to
``live_screen``; colors and the terminal's abilities belong to its rich console.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.console import COLOR_SYSTEMS, Console
from rich.style import Style

from gpunet.terminal.draw.block import SINGLE, Block, Line, graphemes

__all__ = ["Cells"]

ENTER, LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
"""Codes to enter the alternate screen and hide the cursor, and to undo both."""

BEGIN, END = "\x1b[?2026h\x1b[?7l", "\x1b[0m\x1b[?7h\x1b[?2026l"
"""Codes around a frame: synchronized output, if supported (DEC 2026), and no line wrapping, in case
the terminal has just become narrower."""

MOUSE = "\x1b[?1002h\x1b[?1006h", "\x1b[?1006l\x1b[?1002l"
"""Codes to turn reports of mouse buttons and dragging on and off."""

APART = 6
"""Gaps of up to this many unchanged cells are rewritten, as a jump takes as many bytes."""

BEHIND = "\0"
"""Placeholder for the second cell of a character that is two cells wide."""

FIRST = 0xF0000
"""First of the private-use code points that each stand for several characters in one cell."""

STYLES = 32
"""Bits for a cell's character; the number of its style is stored in the bits above."""


class Cells:
    """A terminal's screen; each frame is written in one piece.

    Args:
        console: the terminal's console, which determines the available colors.
        question: returns the query that is written after each frame.
    """

    def __init__(self, console: Console, question: Callable[[], str] = str) -> None:
        self.is_open = False
        """Whether the terminal shows the alternate screen."""
        self._console, self._question = console, question
        self._colors = COLOR_SYSTEMS.get(console.color_system or "")
        self._inks = [_Ink("", "", "")]  # of all styles so far, by number
        self._styles: dict[Style | None, int] = {None: 0}
        self._clusters: list[str] = []  # texts of several characters in one cell
        self._shown = Block(0, [])
        self._rows: dict[int, NDArray[np.int64]] = {}  # the cells on the screen
        self._mouse = False

    def open(self, more: str = "") -> None:
        """Enter the alternate screen, whose content is unknown, and write the ``more`` codes."""
        self.is_open = True
        self.forget()
        self._write(ENTER + more + self._question())

    def close(self, more: str = "") -> None:
        """Leave the alternate screen, if it is open, and write the ``more`` codes."""
        if self.is_open:
            self.is_open = False
            self._write(self._mouse_told(False) + LEAVE + more)

    def forget(self) -> None:
        """Rewrite every cell with the next frame, as another program may have changed them."""
        self._shown = Block(0, [])

    def draw(self, block: Block, mouse: bool = False, more: str = "") -> None:
        """Show the block in the upper left corner.

        Args:
            block: the block to show.
            mouse: whether the terminal should report its mouse.
            more: additional codes that draw nothing.
        """
        changes = "".join(self._changes(block)) + self._mouse_told(mouse) + more
        self._shown = block
        if changes:
            self._write(BEGIN + changes + END + self._question())

    def _write(self, text: str) -> None:
        self._console.file.write(text)
        self._console.file.flush()

    def _mouse_told(self, wanted: bool) -> str:
        """The code that turns mouse reports on or off; empty if nothing changes."""
        if wanted == self._mouse or sys.platform == "win32":
            return ""
        self._mouse = wanted
        return MOUSE[0 if wanted else 1]

    def _changes(self, block: Block) -> Iterator[str]:
        """The codes that turn the screen's current content into the block."""
        before = self._shown
        known = (before.width, before.height) == (block.width, block.height)
        pen = 0
        for row, line in enumerate(block.lines):
            if known and before.lines[row] == line:
                continue
            text, styles = self._cells(line, block.width)
            cells = (styles << STYLES) + np.frombuffer(text.encode("utf-32-le"), np.uint32)
            changed = np.flatnonzero(cells != self._rows[row]) if known else np.arange(len(cells))
            self._rows[row] = cells
            numbers = styles.tolist()
            for start, end in _runs(changed.tolist()):
                yield f"\x1b[{row + 1};{start + 1}H"
                for style, places in groupby(range(start, end), numbers.__getitem__):
                    if style != pen:
                        yield _turned(self._inks[pen], self._inks[style])
                        pen = style
                    begin, start = start, start + len(list(places))
                    yield self._written(text[begin:start], begin)

    def _cells(self, line: Line, width: int) -> tuple[str, NDArray[np.int64]]:
        """A line's cells: one character for each, and the numbers (width,) of their styles."""
        texts = [text for text, _, _ in line]
        if not SINGLE.fullmatch(whole := "".join(texts)):
            texts = [self._one_each(text) for text in texts]
            whole = "".join(texts)
        numbers = [self._style(style) for _, style, _ in line]
        styles = np.repeat(np.array(numbers, np.int64), list(map(len, texts)))
        missing = width - len(whole)
        if missing:
            whole = whole[:width].ljust(width)
            styles = np.append(styles[:width], np.zeros(max(0, missing), np.int64))
        return whole, styles

    def _one_each(self, text: str) -> str:
        """One character for each cell of a text; invisible characters are dropped."""
        cells = ""
        for cluster in graphemes(text):
            if len(cluster) > 1 and cluster not in self._clusters:
                self._clusters.append(cluster)
            one = cluster if len(cluster) == 1 else chr(FIRST + self._clusters.index(cluster))
            cells += one + BEHIND * (cell_len(cluster) - 1)
        return cells

    def _written(self, cells: str, column: int) -> str:
        """The text to write for cells that start at a column.

        Terminals disagree on the width of several characters in one cell, so the cursor is set
        again after each of those cells.
        """
        if not self._clusters:
            return cells.replace(BEHIND, "")
        written = ""
        for place, cell in enumerate(cells, column + 1):
            if ord(cell) >= FIRST:
                cluster = self._clusters[ord(cell) - FIRST]
                written += f"{cluster}\x1b[{place + cell_len(cluster)}G"
            elif cell != BEHIND:
                written += cell
        return written

    def _style(self, style: Style | None) -> int:
        """The number of a style; styles with the same codes share a number."""
        number = self._styles.get(style)
        if number is None:
            ink = self._ink(style or Style.null())
            if ink not in self._inks:
                self._inks.append(ink)
            number = self._styles[style] = self._inks.index(ink)
        return number

    def _ink(self, style: Style) -> _Ink:
        """The codes of a style, in the colors that the console supports."""
        if self._colors is None:
            return _Ink("", "", "")
        bare, _, _ = style.without_color.render("x", color_system=self._colors).partition("x")
        colors = (None, None) if self._console.no_color else (style.color, style.bgcolor)
        fore, back = (
            ";".join(color.downgrade(self._colors).get_ansi_codes(place == 0)) if color else ""
            for place, color in enumerate(colors)
        )
        return _Ink(bare[2:-1], fore, back)


class _Ink(NamedTuple):
    """A style's codes: attributes such as bold, foreground and background color; may be empty."""

    bare: str
    fore: str
    back: str


@lru_cache(maxsize=1 << 14)
def _turned(before: _Ink, after: _Ink) -> str:
    """The code that switches styles; if only colors differ, it changes only those."""
    if before.bare != after.bare or not any(after):
        return f"\x1b[{';'.join(filter(None, ('0', *after)))}m"
    both = zip(before[1:], after[1:], ("39", "49"), strict=True)
    return f"\x1b[{';'.join(new or default for old, new, default in both if new != old)}m"


def _runs(changed: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Runs of changed cells, as (start, end) with the end excluded; small gaps are included."""
    if not changed:
        return
    start = last = changed[0]
    for place in changed:
        if place - last > APART:
            yield start, last + 1
            start = place
        last = place
    yield start, last + 1
