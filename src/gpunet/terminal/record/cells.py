"""The cells of a frame, with the RGB colors that they are drawn in."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from rich.cells import cell_len
from rich.color_triplet import ColorTriplet
from rich.style import Style
from rich.terminal_theme import TerminalTheme

from gpunet.terminal.draw.block import Block, graphemes
from gpunet.terminal.draw.style import PANEL, Background

__all__ = ["RGB", "Cell", "Look", "cells_of", "hexadecimal"]

RGB = tuple[int, int, int]
"""A color's red, green and blue, each from 0 to 255."""


class Look(NamedTuple):
    """How a character is drawn; ``ground`` is ``None`` if the panel shows through behind it."""

    color: RGB
    ground: RGB | None
    bold: bool
    underline: bool


class Cell(NamedTuple):
    """A character and its look; the second cell of a wide character has an empty text."""

    text: str
    look: Look


def cells_of(block: Block, background: Background) -> list[list[Cell]]:
    """The cells of a block by row and column, drawn on a panel with this background."""
    rows = []
    for line in block.lines:
        row: list[Cell] = []
        for text, style, _ in line:
            look = _look(style or Style.null(), background)
            for cluster in graphemes(text):
                row.append(Cell(cluster, look))
                row += [Cell("", look)] * (cell_len(cluster) - 1)
        rows.append(row)
    return rows


@cache
def _look(style: Style, background: Background) -> Look:
    plain, panel = PANEL[background]
    terminal = TerminalTheme(panel, plain, [plain] * 8)
    color = _rgb(style.color.get_truecolor(terminal)) if style.color else plain
    ground = _rgb(style.bgcolor.get_truecolor(terminal, False)) if style.bgcolor else panel
    if style.dim:
        red, green, blue = ((one + other) // 2 for one, other in zip(color, ground, strict=True))
        color = red, green, blue
    if style.reverse:
        color, ground = ground, color
    filled = style.bgcolor is not None or style.reverse
    return Look(color, ground if filled else None, bool(style.bold), bool(style.underline))


def _rgb(color: ColorTriplet) -> RGB:
    return color.red, color.green, color.blue


def hexadecimal(color: RGB) -> str:
    """A color in web notation: ``#ff8700``."""
    return "#{:02x}{:02x}{:02x}".format(*color)
