"""A table of aligned columns with a header and a rule, never wider than its console.

Owns widths and alignment; the contents of the cells belong to ``tables`` and ``showcase``.
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

LEAST = 10
"""Minimum width of a left-aligned column, to which it shrinks when there is too little room."""

OTHERS = 28
"""Cells that a long first column leaves to the other columns."""


@dataclass(slots=True, eq=False)
class Columns:
    """A table without a frame; a rich renderable.

    When there is too little room, left-aligned columns shrink first. Then the last columns are
    dropped, since a cut number says nothing; a line below says how many.

    Args:
        names: the header; ``<`` in front of a name aligns its column to the left.
        rows: the cells; a row may be shorter than the header.
    """

    names: Sequence[str]
    rows: list[Sequence[Text]] = field(default_factory=list)

    def add(self, *cells: str | Text, style: str = "") -> None:
        """Add a row; ``style`` applies to its plain strings."""
        self.rows.append([Text(c, style) if isinstance(c, str) else c for c in cells])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Block]:
        yield self.block(console, options.max_width)

    def block(self, console: Console, width: int) -> Block:
        """The table as a block ``width`` cells wide."""
        ascii_only = console.options.ascii_only
        left = [name.startswith("<") for name in self.names]
        head = [Text(name.removeprefix("<"), Ink.STRONG) for name in self.names]
        widths = self._widths(head, left, width)
        rule = glyphs(ascii_only).empty * (sum(widths) + GAP * (len(widths) - 1))
        lines = [_line(row, widths, left, ascii_only) for row in [head, *self.rows]]
        lines.insert(1, Text(rule, Ink.LINE))
        if missing := len(head) - len(widths):
            columns = "column" if missing == 1 else "columns"
            lines.append(Text(f"+{missing} {columns}, on a wider terminal", Ink.MUTED))
        return text_block(console, lines, width)

    def _widths(self, head: Sequence[Text], left: Sequence[bool], room: int) -> list[int]:
        """The width of each column that is shown."""
        columns = zip_longest(head, *self.rows, fillvalue=Text())
        widths = [max(cell.cell_len for cell in column) for column in columns]
        least = [min(LEAST, width) if left[index] else width for index, width in enumerate(widths)]
        least[0] = min(max(LEAST, room - OTHERS), widths[0])
        while len(least) > 1 and sum(least) + GAP * (len(least) - 1) > room:
            del widths[-1], least[-1]
        for _ in range(sum(widths) + GAP * (len(widths) - 1) - room):
            widths[max(range(len(widths)), key=lambda index: widths[index] - least[index])] -= 1
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
