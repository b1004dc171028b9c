"""What all live screens share: their head, bars, last line and size.

Each screen brings its own words for what a stop means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw.block import Block, cut, stack, text_block
from gpunet.terminal.draw.style import Ink, bar, glyphs
from gpunet.training.events import Control

__all__ = ["NARROW", "StopHints", "bar_line", "footer", "framed", "heading", "spread", "with_keys"]

NARROW = 60
"""With fewer columns than this, words are left out."""


@dataclass(frozen=True, slots=True)
class StopHints:
    """What Ctrl-C does, in words.

    Args:
        stopping: shown after Ctrl-C.
        ctrl_c_again: what a second Ctrl-C does.
        ctrl_c_waiting: what Ctrl-C does while waiting for the end of the epoch.
    """

    stopping: str
    ctrl_c_again: str
    ctrl_c_waiting: str


def footer(
    control: Control,
    hints: StopHints,
    *,
    keys: bool,
    width: int,
    more: Sequence[tuple[str, str]] = (),
) -> Text:
    """The last line of a live screen: the keys, or what they asked for.

    Args:
        control: the stops and pauses asked for.
        hints: what Ctrl-C does.
        keys: whether single keys are read.
        width: room for the line, in cells.
        more: this screen's own keys with their meanings; as many as fit are shown.
    """
    narrow = width < NARROW
    if control.stop_now.is_set():
        again = "" if narrow else f"   Ctrl-C again: {hints.ctrl_c_again}"
        return Text(f"{hints.stopping}{again}", Ink.WARNING)
    if control.stop_after_epoch.is_set():
        now = "" if narrow else f"   Ctrl-C: {hints.ctrl_c_waiting}"
        return Text(f"stopping after this epoch{now}", Ink.WARNING)
    paused = control.paused.is_set()
    told = Text().append("paused" if paused else "", Ink.WARNING)
    actions = [("q", "stop after epoch"), ("p", "resume" if paused else "pause")]
    actions = [*(actions if keys else ()), ("Ctrl-C", "stop now")]
    if narrow:
        actions = [(key, action.split()[0]) for key, action in actions]
    return with_keys(told, [*actions, *(more if keys else ())], width)


def with_keys(text: Text, keys: Sequence[tuple[str, str]], width: int) -> Text:
    """A line with as many keys and their meanings added as fit."""
    line = text.copy()
    line.rstrip()
    for key, action in keys:
        gap = "   " if line else ""
        if line.cell_len + len(f"{gap}{key} {action}") <= width:
            line.append(gap).append(key, Ink.STRONG).append(f" {action}", Ink.MUTED)
    return line


def framed(console: Console, parts: Sequence[Block], last: Text, size: tuple[int, int]) -> Block:
    """The parts one below the other and the last line, in exactly ``size`` (columns, rows)."""
    width, height = size
    body = stack(parts, width)
    if height < 2:
        return body.shaped(width, height)
    return stack([body.shaped(width, height - 1), text_block(console, [last], width)], width)


def heading(console: Console, name: str, told: str, width: int) -> Block:
    """The heading of a part of the screen: its name and a remark."""
    dot = f" {glyphs(console.options.ascii_only).separator} " if told else ""
    line = Text.assemble((name, Ink.STRONG), (f"{dot}{told}", Ink.MUTED))
    return text_block(console, [line], width)


def bar_line(
    console: Console, head: str, share: float, tail: str, width: int, room: int, style: str
) -> Text:
    """A bar between two texts; it leaves at least ``room`` cells for the second text."""
    length = max(0, width - len(head) - max(room, len(tail)))
    drawn = bar(share, length, style, console.options.ascii_only)
    return Text.assemble((head, Ink.STRONG), drawn, (tail, Ink.MUTED))


def spread(
    console: Console, width: int, left: Sequence[str], right: Sequence[str], style: str = ""
) -> Text:
    """The longest left and right text that fit on a line; the right text is shortened first."""
    ascii_only = console.options.ascii_only
    for head, tail in [(left[0], tail) for tail in right] + [(head, right[-1]) for head in left]:
        if len(head) + len(tail) + 2 <= width:
            break
    beginning = cut(Text.assemble((head, style)), width, ascii_only)
    room = width - beginning.cell_len - 2
    if room < 8:
        return beginning
    end = cut(Text(tail, Ink.MUTED), room, ascii_only)
    return beginning.append(" " * (width - beginning.cell_len - end.cell_len)).append_text(end)
