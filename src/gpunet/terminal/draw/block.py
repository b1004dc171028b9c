"""A block: a rectangle of styled text that can be put beside or below others.

Screens, pictures and charts are made of blocks, since a block is exactly as wide and as high as
it says, whatever text went into it. What a block shows is up to its caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, zip_longest

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from gpunet.terminal.draw.style import glyphs

__all__ = [
    "SINGLE",
    "Block",
    "Line",
    "beside",
    "cut",
    "graphemes",
    "grid",
    "lines_of",
    "padded",
    "stack",
    "text_block",
]

Line = list[Segment]


SINGLE = re.compile("[ -~─-▟⠀-⣿·±…–•←↑→↓★✓✗]*")  # noqa: RUF001 - a dash
"""Texts whose characters all take one cell: ASCII, lines, blocks, braille and marks."""

JOINER = "\u200d"
"""The zero-width joiner, which merges several emoji into one."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Lines of styled text, all of the same width.

    Args:
        width: in cells.
        lines: the lines, each ``width`` cells wide.
    """

    width: int
    lines: list[Line]

    @property
    def height(self) -> int:
        """The number of lines."""
        return len(self.lines)

    def shaped(self, width: int, height: int) -> Block:
        """The block at this size: cropped or padded with blanks at the right and the bottom."""
        lines = self.lines[:height]
        if width != self.width:
            lines = [Segment.adjust_line_length(line, width) for line in lines]
        lines = lines + [[Segment(" " * width)] for _ in range(height - len(lines))]
        return Block(width, lines)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for line in self.shaped(min(self.width, options.max_width), self.height).lines:
            yield from _without_trailing_blanks(line)
            yield Segment.line()


def _without_trailing_blanks(line: Line) -> Line:
    """The line without trailing blanks; styled blanks stay, as they may be part of a picture."""
    kept = list(line)
    while kept and not kept[-1].style and not kept[-1].text.strip(" "):
        kept.pop()
    if kept and not kept[-1].style:
        kept[-1] = Segment(kept[-1].text.rstrip(" "))
    return kept


def lines_of(
    characters: NDArray[np.uint32], owners: NDArray[np.int64], styles: Sequence[Style | None]
) -> list[Line]:
    """Lines from code points (rows, columns), with equally styled neighbors in one segment.

    ``owners`` (rows, columns) holds each cell's index into ``styles``.
    """
    text = characters.tobytes().decode("utf-32")
    begins = np.ones(owners.shape, np.bool_)
    begins[:, 1:] = owners[:, 1:] != owners[:, :-1]
    places = [*np.flatnonzero(begins).tolist(), len(text)]
    inks = [styles[owner] for owner in owners[begins].tolist()]
    segments = (
        Segment(text[begin:end], ink)
        for (begin, end), ink in zip(pairwise(places), inks, strict=True)
    )
    return [list(islice(segments, count)) for count in begins.sum(axis=1).tolist()]


def text_block(console: Console, texts: Iterable[Text], width: int) -> Block:
    """A block with one line per text, cut or padded to ``width`` cells."""
    lines = []
    for text in texts:
        whole = cut(text, width, console.options.ascii_only).copy()
        whole.stylize_before(whole.style)  # render() leaves out the text's own style
        line = list(whole.render(console))
        lines.append(Segment.adjust_line_length(line, width))
    return Block(width, lines)


def cut(text: Text, width: int, ascii_only: bool) -> Text:
    """The text on one line of at most ``width`` cells; an ellipsis marks a cut."""
    if "\n" in text.plain:
        text = Text(" ").join(text.split("\n"))
    if text.cell_len <= width:
        return text
    mark = glyphs(ascii_only).ellipsis
    shorter = text.copy()
    shorter.truncate(max(0, width - len(mark)), overflow="crop")
    shorter.append(mark[:width])
    return shorter


def padded(text: Text, width: int, ascii_only: bool) -> Text:
    """The text on one line of exactly ``width`` cells."""
    line = cut(text, width, ascii_only).copy()
    line.pad_right(max(0, width - line.cell_len))
    return line


def graphemes(text: str) -> list[str]:
    """The text's visible characters, each with the accents and joined emoji that belong to it."""
    if SINGLE.fullmatch(text):
        return list(text)
    found: list[str] = []
    for character in text:
        if not (character.isprintable() or character == JOINER):
            continue
        size = cell_len(character)
        if found and cell_len(found[-1] + character) < cell_len(found[-1]) + (size or 2):
            found[-1] += character
        elif size:
            found.append(character)
    return found


def beside(blocks: Sequence[Block], gap: int = 0) -> Block:
    """The blocks from left to right, aligned at the top, with ``gap`` cells between them."""
    if not blocks:
        return Block(0, [])
    width = sum(block.width for block in blocks) + gap * (len(blocks) - 1)
    lines = []
    for row in zip_longest(*(block.lines for block in blocks)):
        line: Line = []
        for position, (block, part) in enumerate(zip(blocks, row, strict=True)):
            if position and gap:
                line.append(Segment(" " * gap))
            line += [Segment(" " * block.width)] if part is None else part
        lines.append(line)
    return Block(width, lines)


def stack(blocks: Sequence[Block], width: int) -> Block:
    """The blocks from top to bottom, each cropped or padded to ``width`` cells."""
    lines = [line for block in blocks for line in block.shaped(width, block.height).lines]
    return Block(width, lines)


def grid(blocks: Sequence[Block], width: int, gap: int = 1) -> Block:
    """Blocks of equal width in as many columns as fit into ``width`` cells, at least one."""
    if not blocks:
        return Block(width, [])
    columns = max(1, (width + gap) // (blocks[0].width + gap))
    rows = [beside(blocks[i : i + columns], gap) for i in range(0, len(blocks), columns)]
    return stack(rows, width)
