"""A recording: what a screen showed, and when.

The content of the frames belongs to their makers, the file formats to ``svg``, ``gif``, ``cast``.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.segment import Segment

from gpunet.config import Theme
from gpunet.terminal.draw.block import Block
from gpunet.terminal.draw.style import Background, theme

__all__ = ["Draw", "Recording", "backgrounds"]

Draw = Callable[[Console], Block]
"""A function that draws a frame for a console, which determines its size and colors."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """What a screen showed over time.

    Args:
        title: a description of what the recording shows.
        size: columns and rows of every frame.
        frames: pairs of a time in seconds, ascending from 0, and a function that draws the frame
            shown from then on.
        seconds: the total duration, including the last frame.
    """

    title: str
    size: tuple[int, int]
    frames: Sequence[tuple[float, Draw]]
    seconds: float

    def blocks(self, background: Background, *, colors: bool = True) -> list[Block]:
        """All frames, drawn for a terminal with this background, with or without colors."""
        console = _console(self.size, background, colors)
        blocks = [draw(console).shaped(*self.size) for _, draw in self.frames]
        if colors:
            return blocks
        return [
            Block(one.width, [list(Segment.remove_color(line)) for line in one.lines])
            for one in blocks
        ]


def backgrounds(theme: Theme) -> tuple[Background, ...]:
    """The backgrounds for a theme; formats that support only one take the first."""
    if theme == "auto":
        return "dark", "light"
    return ("light" if theme == "light" else "dark",)


def _console(size: tuple[int, int], background: Background, colors: bool) -> Console:
    """A console to draw frames for, independent of the actual terminal; it writes nowhere."""
    return Console(
        file=io.StringIO(),
        width=size[0],
        height=size[1],
        force_terminal=True,
        color_system="truecolor",
        no_color=not colors,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        theme=theme(background),
        _environ={},
    )
