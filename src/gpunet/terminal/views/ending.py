"""How a run ended, in words, and what then stays on the terminal, as much as fits.

Owns the words, which the dashboard, the plain lines and the summary share, and what is left out
if there is too little room.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.segment import Segment
from rich.text import Text

from gpunet.config import Monitor, TrainConfig
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.block import Block, beside
from gpunet.terminal.views.score import MONITORED
from gpunet.training.events import EpochRecord, StopReason

__all__ = [
    "Part",
    "command",
    "ending",
    "monitored_metric",
    "print_parts",
    "whole",
    "why_stopped",
    "with_curves",
]

GAP = 3
"""Columns between the curves and the part beside them."""

LEAST_CURVES, LEAST_ROWS = 50, 10
"""Fewest columns and rows of curves with another part beside them."""

STOPPED: Mapping[StopReason, str] = {
    "epochs": "all epochs done",
    "early stopping": "stopped early, no improvement",
    "gains too small": "stopped early, gains too small",
}
"""Sentences for the reasons that need one."""


def ending(config: TrainConfig, reason: StopReason, best_epoch: int, last_epoch: int) -> str:
    """Why a run ended and what is kept: ``all epochs done; the weights of epoch 7 are kept``.

    ``best_epoch`` is 0 if no epoch had a finite loss, ``last_epoch`` is 0 if none was trained.
    """
    which = "the best weights of each network"
    if not config.keeps_own:
        which = f"the weights of epoch {best_epoch}"
    kept = f"{which} are kept" if best_epoch else "no weights are kept"
    return f"{why_stopped(reason, last_epoch)}; {kept}"


def monitored_metric(monitor: Monitor, record: EpochRecord) -> tuple[str, str]:
    """The metric that chooses the kept epoch, and its value: ``val loss`` and ``0.1012``."""
    samples = "train" if record.val_loss is None else "val"
    if monitor == "train_loss":
        return "train loss", formats.loss(record.train_loss)
    if (score := MONITORED.get(monitor)) is not None:
        return f"{samples} {score.name}", score.written(record.monitored_score)
    return f"{samples} loss", formats.loss(record.monitored_loss)


def why_stopped(reason: StopReason, last_epoch: int) -> str:
    """Why the run stopped after its last epoch."""
    if reason == "diverged":
        return f"diverged: no finite loss in epoch {last_epoch}"
    if reason == "stopped by user" and not last_epoch:
        return "stopped by user before an epoch was done"
    return STOPPED.get(reason, reason)


CONTINUED = " \\"
"""Ends a line of a command that continues on the next line."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the output at the end of a run.

    Args:
        content: what to print.
        rank: 0 for a part that is never left out; the larger, the sooner a part is left out.
    """

    content: RenderableType
    rank: int = 0


def print_parts(console: Console, parts: Sequence[Part]) -> None:
    """Print the parts with blank lines between them; in a terminal, only as many as fit."""
    for part in _fitting(console, parts) if console.is_terminal else parts:
        console.print()
        console.print(part.content, crop=False)


def with_curves(
    console: Console, curves: Callable[[int, int], Block], parts: Sequence[Part]
) -> list[Part]:
    """The parts with the curves first, beside another part if there is room, else above it.

    Args:
        console: where they will be printed.
        curves: draws the curves in (columns, rows); 0 rows means their natural height.
        parts: the other parts.
    """
    others = sorted((one for one in parts if one.rank), key=lambda one: one.rank)
    for part in others if console.is_terminal else ():
        block = _as_block(console, part.content)
        room = console.width - block.width - GAP
        if room < LEAST_CURVES or block.height < LEAST_ROWS:
            continue
        both = Part(beside([curves(room, block.height), block], GAP), part.rank)
        needed = [both, *(one for one in parts if not one.rank)]
        if len(_fitting(console, needed)) == len(needed):
            return [both, *(one for one in parts if one is not part)]
    return [Part(curves(console.width, 0), 3), *parts]


def whole(text: str, style: str = "") -> RenderableType:
    """Text whose lines are wrapped by the terminal only, so that they can be copied."""
    return Group(Text(text, style, no_wrap=True, overflow="ignore"))


def command(console: Console, line: str) -> RenderableType:
    """A command to copy: in a POSIX terminal on lines that a shell joins, else on one line.

    Lines break only before options, so that every option stays beside its value.
    """
    if not console.is_terminal or sys.platform == "win32":
        return whole(line)
    lines, option = [""], ""
    for word in [*map(shlex.quote, shlex.split(line)), "--"]:
        if not word.startswith("--"):
            option += f" {word}"
            continue
        if len(lines[-1]) + len(option) + len(CONTINUED) >= console.width:
            lines.append(" ")
        lines[-1] += option
        option = f" {word}"
    return whole(f"{CONTINUED}\n".join(lines).strip())


def _fitting(console: Console, parts: Sequence[Part]) -> list[Part]:
    """The parts that fit on the screen with a line left for the shell, in order."""
    heights = [1 + _height(console, part.content) for part in parts]
    kept: set[int] = set()
    room = console.height - 1
    for index in sorted(range(len(parts)), key=lambda one: parts[one].rank):
        if not parts[index].rank or heights[index] <= room:
            kept.add(index)
            room -= heights[index]
    return [part for index, part in enumerate(parts) if index in kept]


def _as_block(console: Console, content: RenderableType) -> Block:
    """The content as a block without trailing blanks."""
    text = [list(line) for line in console.render_lines(content, pad=False)]
    width = max(map(Segment.get_line_length, text), default=0)
    return Block(width, [Segment.adjust_line_length(line, width) for line in text])


def _height(console: Console, content: RenderableType) -> int:
    """Rows that the content takes in the terminal."""
    lines = Segment.split_lines(console.render(content))
    return sum(max(1, -(-Segment.get_line_length(line) // console.width)) for line in lines)
