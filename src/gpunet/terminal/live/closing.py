"""What stays on the terminal when a run has ended: as much as fits, the result at its end.

Owns what is left out where there is too little room. The parts belong to ``screen``, ``tables`` and
``showcase``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, RenderableType

__all__ = ["Part", "print_parts"]


@dataclass(frozen=True, slots=True)
class Part:
    """Something to be printed at the end.

    Args:
        content: what is printed.
        rank: 0 for what is never left out; of the others those of the largest rank go first.
    """

    content: RenderableType
    rank: int = 0


def print_parts(console: Console, parts: Sequence[Part]) -> None:
    """Print the parts with blank lines between them; on a terminal those that fit on its screen."""
    for part in _fitting(console, parts) if console.is_terminal else parts:
        console.print()
        console.print(part.content)


def _fitting(console: Console, parts: Sequence[Part]) -> list[Part]:
    """The parts that leave a line for the shell, in their order."""
    heights = [1 + len(console.render_lines(part.content, pad=False)) for part in parts]
    kept = list(range(len(parts)))
    for place in sorted(kept, key=lambda one: -parts[one].rank):
        if parts[place].rank and sum(heights[one] for one in kept) > console.height - 1:
            kept.remove(place)
    return [parts[place] for place in kept]
