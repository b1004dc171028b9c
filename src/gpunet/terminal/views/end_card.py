"""The card that ends a command's output: the result, and what to type next.

Owns the layout, and what is left out if the card is too high. Its words belong to ``cli``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gpunet.terminal.draw.style import Ink
from gpunet.terminal.views.ending import whole
from gpunet.terminal.views.frame import NARROW

__all__ = ["EndCard"]

HEIGHT = 12
"""Most lines of a card, frame included; fewer in a lower terminal."""

KEPT = 3
"""Rows that are never left out."""


@dataclass(frozen=True, slots=True)
class EndCard:
    """A rich renderable: a framed card in a terminal, plain lines elsewhere.

    Args:
        title: what has ended.
        rows: names and values, the most important first; its value is bold.
        moves: commands to type next, each with its purpose.
        warning: what is wrong with the result; empty if nothing.
    """

    title: str
    rows: Sequence[tuple[str, str]]
    moves: Sequence[tuple[str, str]] = ()
    warning: str = ""

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        if not console.is_terminal:
            yield from self._lines()
            return
        card, spacious = self, True
        height = min(HEIGHT, console.height - 2)  # a blank line before it, the shell's after it
        while len(console.render_lines(card._framed(options.max_width, spacious))) > height:
            if spacious:
                spacious = False
            elif len(card.rows) > KEPT:
                card = replace(card, rows=card.rows[:-1])
            elif card.moves:
                card = replace(card, moves=card.moves[:-1])
            else:
                break
        yield card._framed(options.max_width, spacious)

    def _framed(self, width: int, spacious: bool) -> RenderableType:
        """The card, with a blank line before the moves if there is room for one."""
        parts: list[RenderableType] = [Text(self.warning, Ink.WARNING)] if self.warning else []
        values = [Text(value, "" if at else Ink.STRONG) for at, (_, value) in enumerate(self.rows)]
        names = [Text(name, Ink.MUTED) for name, _ in self.rows]
        if width < NARROW:
            parts += [name + "  " + value for name, value in zip(names, values, strict=True)]
        else:
            parts.append(_grid(names, values))
        if self.moves:
            parts += [Text()] * spacious
            room = width - 4 - max(len(command) for command, _ in self.moves) - 2
            reasons = room >= max(len(reason) for _, reason in self.moves)
            commands = [Text(command, Ink.LABEL) for command, _ in self.moves]
            parts.append(_grid(commands, [Text(reasons * why, Ink.MUTED) for _, why in self.moves]))
        return Panel(
            Group(*parts),
            box=box.ROUNDED,
            title=Text(self.title, Ink.TITLE),
            title_align="left",
            border_style=Ink.WARNING if self.warning else Ink.LINE,
            expand=False,
        )

    def _lines(self) -> Iterator[RenderableType]:
        """The card as lines for a file: one for each row and move, however long."""
        width = max(len(name) for name, _ in self.rows)
        texts = [self.warning] if self.warning else []
        texts += [f"{name:<{width}}  {value}" for name, value in self.rows]
        texts += [
            f"{'' if at else 'next':<{width}}  {command}  # {reason}"
            for at, (command, reason) in enumerate(self.moves)
        ]
        return map(whole, texts)


def _grid(left: Sequence[Text], right: Sequence[Text]) -> Table:
    """Two columns that wrap long texts."""
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for row in zip(left, right, strict=True):
        table.add_row(*row)
    return table
