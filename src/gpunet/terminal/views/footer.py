"""The last line of a live screen: the keys, or what was asked for with them.

Owns the line's form; what a stop means for the work is said by whose screen it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from gpunet.terminal.draw.style import Ink
from gpunet.training.events import Control

__all__ = ["Stopping", "footer"]


@dataclass(frozen=True, slots=True)
class Stopping:
    """What a stop means, in words.

    Args:
        wish: what Ctrl-C asks for.
        under_way: said once it was asked for.
        again: what a second Ctrl-C does then.
        sooner: what Ctrl-C does while the end of the epoch is waited for.
    """

    wish: str
    under_way: str
    again: str
    sooner: str


def footer(control: Control, stopping: Stopping, *, keys: bool, narrow: bool) -> Text:
    """The line.

    Args:
        control: what was asked for.
        stopping: the words for a stop.
        keys: whether single keys are read.
        narrow: leave out what there is no room for.
    """
    if control.stop_now.is_set():
        again = "" if narrow else f"   Ctrl-C again: {stopping.again}"
        return Text(f"{stopping.under_way}{again}", Ink.WARNING)
    if control.stop_after_epoch.is_set():
        now = "" if narrow else f"   Ctrl-C: {stopping.sooner}"
        return Text(f"stopping after this epoch{now}", Ink.WARNING)
    paused = control.paused.is_set()
    text = Text()
    if paused:
        text.append("paused   ", Ink.WARNING)
    wishes = [("q", "stop after this epoch"), ("p", "resume" if paused else "pause")]
    for key, wish in (wishes if keys else []) + [("Ctrl-C", stopping.wish)]:
        text.append(key, Ink.STRONG).append(f" {wish.split()[0] if narrow else wish}   ", Ink.MUTED)
    return text
