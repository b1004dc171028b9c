"""A table of aligned columns below a head and a rule, never wider than its console.

Owns widths and alignment; what stands in the cells belongs to ``tables`` and ``showcase``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from rich.console import Console, ConsoleOptions
from rich.text import Text

from gpunet.terminal.draw.block import Block, cut, text_block
from gpunet.terminal.draw.style import Ink, glyphs

__all__ = ["GAP", "Columns"]

GAP = 2
"""Cells between two columns."""

LEAST = 4
"""Cells that a column keeps when there is too little room."""


@dataclass(slots=True, eq=False)
class Columns:
    """A table without a frame; a rich renderable.

    Where there is too little room, the spare columns are left out. Then those aligned left are cut
    first, since a cut number says nothing.

    Args:
        names: the head; a name that begins with ``<`` is of a column aligned left.
        rows: the cells; a row may be shorter than the head.
        spare: names of columns that may be left out, the first of these first.
    """

    names: Sequence[str]
    rows: list[Sequence[Text]] = field(default_factory=list)
    spare: Sequence[str] = ()

    def add(self, *cells: str | Text, style: str = "") -> None:
        """Add a row; its style lies below the cells' own."""
        self.rows.append([Text(c, style) if isinstance(c, str) else c for c in cells])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Block]:
        yield self.block(console, options.max_width)

    def block(self, console: Console, width: int) -> Block:
        """The table in so many cells."""
        ascii_only = console.options.ascii_only
        head = [Text(name.removeprefix("<"), Ink.STRONG) for name in self.names]
        shown = self._shown(head, width)
        left = [self.names[at].startswith("<") for at in shown]
        rows = [[row[at] for at in shown if at < len(row)] for row in [head, *self.rows]]
        widths = _widths(rows, left, width)
        rule = glyphs(ascii_only).empty * (sum(widths) + GAP * (len(widths) - 1))
        lines = [_line(row, widths, left, ascii_only) for row in rows]
        lines.insert(1, Text(rule, Ink.LINE))
        return text_block(console, lines, width)

    def _shown(self, head: Sequence[Text], room: int) -> list[int]:
        """The columns that there is room for."""
        widths = dict(enumerate(_needed([head, *self.rows])))
        for name in self.spare:
            if sum(widths.values()) + GAP * (len(widths) - 1) <= room:
                break
            if name in self.names:
                del widths[self.names.index(name)]
        return list(widths)


def _needed(rows: Sequence[Sequence[Text]]) -> list[int]:
    """The cells that each column needs."""
    return [
        max(cell.cell_len for cell in column) for column in zip_longest(*rows, fillvalue=Text())
    ]


def _widths(rows: Sequence[Sequence[Text]], left: Sequence[bool], room: int) -> list[int]:
    """The cells of each column, the widest shortened until all fit."""
    widths = _needed(rows)
    room -= GAP * (len(widths) - 1)
    for first in (True, False):
        indices = [index for index, to_left in enumerate(left) if to_left is first]
        while indices and sum(widths) > room:
            widest = max(indices, key=widths.__getitem__)
            if widths[widest] <= LEAST:
                break
            widths[widest] -= 1
    return widths


def _line(
    cells: Sequence[Text], widths: Sequence[int], left: Sequence[bool], ascii_only: bool
) -> Text:
    line = Text()
    for position, (cell, width, to_left) in enumerate(zip(cells, widths, left, strict=False)):
        shown = cut(cell, width, ascii_only)
        blanks = " " * (width - shown.cell_len)
        line.append(" " * GAP if position else "")
        line.append("" if to_left else blanks).append_text(shown).append(blanks if to_left else "")
    return line
