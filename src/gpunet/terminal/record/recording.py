"""A recording: what a screen showed, and when.

What is shown is decided by who makes the frames; how it is kept, by the writers of files.
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
"""What draws a frame on a console, which has the size and the colors."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """What a screen showed over time.

    Args:
        title: what is shown, in words.
        size: columns and rows of every frame.
        frames: seconds from the beginning, ascending from 0, and what draws the frame that is
            shown from then on.
        seconds: how long it lasts, the last frame included.
    """

    title: str
    size: tuple[int, int]
    frames: Sequence[tuple[float, Draw]]
    seconds: float

    def blocks(self, background: Background, *, colors: bool = True) -> list[Block]:
        """All frames, drawn for a terminal of this background, in color or without."""
        console = _console(self.size, background, colors)
        blocks = [draw(console).shaped(*self.size) for _, draw in self.frames]
        if colors:
            return blocks
        return [
            Block(one.width, [list(Segment.remove_color(line)) for line in one.lines])
            for one in blocks
        ]


def backgrounds(theme: Theme) -> tuple[Background, ...]:
    """The backgrounds that a theme asks for, the first one where there can be but one."""
    if theme == "auto":
        return "dark", "light"
    return ("light" if theme == "light" else "dark",)


def _console(size: tuple[int, int], background: Background, colors: bool) -> Console:
    """A console that frames are drawn for, whatever terminal there is; it writes nowhere."""
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
