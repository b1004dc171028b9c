"""What stands on the terminal, cell by cell, so that a frame writes only what has changed.

Owns the alternate screen and the escape codes of a frame. When one is drawn belongs to
``live_screen``; colors and what is told of the terminal to a rich console.
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
"""Go to the alternate screen and hide the cursor, and back."""

BEGIN, END = "\x1b[?2026h\x1b[?7l", "\x1b[0m\x1b[?7h\x1b[?2026l"
"""Around a frame: the terminal shows it as a whole, where it can (DEC 2026), and breaks no line of
it, though it may have become narrower a moment ago."""

MOUSE = "\x1b[?1002h\x1b[?1006h", "\x1b[?1006l\x1b[?1002l"
"""Have the terminal tell of its mouse's buttons and of what is dragged; have it tell no more."""

APART = 6
"""Unchanged cells that are written again rather than jumped over, which takes as many bytes."""

BEHIND = "\0"
"""What stands for the second cell of a character that is two cells wide."""

FIRST = 0xF0000
"""From here on, where Unicode has no characters, are those that stand for several in one cell."""

STYLES = 32
"""The number of a cell's style stands above so many bits of its character."""


class Cells:
    """The screen of a terminal; each write is one whole piece.

    Args:
        console: of the terminal; it says which colors there are.
        question: gives what is written behind each frame.
    """

    def __init__(self, console: Console, question: Callable[[], str] = str) -> None:
        self.is_open = False
        """Whether the terminal shows the alternate screen."""
        self._console, self._question = console, question
        self._colors = COLOR_SYSTEMS.get(console.color_system or "")
        self._inks = [_Ink("", "", "")]  # of all styles that were seen, by their numbers
        self._styles: dict[Style | None, int] = {None: 0}
        self._clusters: list[str] = []  # several characters that share a cell
        self._shown = Block(0, [])
        self._rows: dict[int, NDArray[np.int64]] = {}  # the cells of what is shown
        self._mouse = False

    def open(self, more: str = "") -> None:
        """Go to the alternate screen, of which nothing is known, and write more codes."""
        self.is_open = True
        self.forget()
        self._write(ENTER + more + self._question())

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
            self._write(BEGIN + changes + END + self._question())

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
        """A character for each cell of a line, and the number of its style (width,)."""
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
        """One character for each cell of a text, without what cannot be seen."""
        cells = ""
        for cluster in graphemes(text):
            if len(cluster) > 1 and cluster not in self._clusters:
                self._clusters.append(cluster)
            one = cluster if len(cluster) == 1 else chr(FIRST + self._clusters.index(cluster))
            cells += one + BEHIND * (cell_len(cluster) - 1)
        return cells

    def _written(self, cells: str, column: int) -> str:
        """What is written for cells from a column on.

        Terminals do not agree how wide several characters in one cell are: the cursor is set again.
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
        """The number of a style; those that are written alike have one."""
        number = self._styles.get(style)
        if number is None:
            ink = self._ink(style or Style.null())
            if ink not in self._inks:
                self._inks.append(ink)
            number = self._styles[style] = self._inks.index(ink)
        return number

    def _ink(self, style: Style) -> _Ink:
        """The codes of a style, as far as the console has such."""
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
    """The codes of a style: bold and the like, its color, and that behind it; empty for none."""

    bare: str
    fore: str
    back: str


@lru_cache(maxsize=1 << 14)
def _turned(before: _Ink, after: _Ink) -> str:
    """What makes one style of another: of two that differ in a color, that alone."""
    if before.bare != after.bare or not any(after):
        return f"\x1b[{';'.join(filter(None, ('0', *after)))}m"
    both = zip(before[1:], after[1:], ("39", "49"), strict=True)
    return f"\x1b[{';'.join(new or default for old, new, default in both if new != old)}m"


def _runs(changed: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The runs of changed cells, each from its first cell to after its last."""
    if not changed:
        return
    start = last = changed[0]
    for place in changed:
        if place - last > APART:
            yield start, last + 1
            start = place
        last = place
    yield start, last + 1
