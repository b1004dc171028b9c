"""The list of keys, as a screen of the dashboard."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw.block import Block, beside, text_block
from gpunet.terminal.draw.style import Ink
from gpunet.terminal.views.view import KEYS, View
from gpunet.training.events import RunInfo

__all__ = ["ARROWS", "RUN_KEYS", "keys_screen"]

RUN_KEYS: Mapping[str, tuple[str, str]] = {
    "q": ("stop after this epoch, and save", "stop"),
    "p": ("pause, and go on", "pause"),
    "Ctrl-C": ("stop now, and save; once more: abort without saving", "stop"),
}
"""The keys of the run itself, each with its meaning and a word for it."""

ARROWS: Mapping[str, str] = {"left": "←", "right": "→", "up": "↑", "down": "↓", "escape": "Esc"}
"""How keys without a character are written."""


def keys_screen(console: Console, view: View, run: RunInfo, width: int, rows: int) -> Block:
    """All keys and what they do, one per line; if space is short, side by side in one word each."""
    keys = {**RUN_KEYS, **{key: (one.meaning, one.short) for key, one in KEYS.items()}}
    names = {key: key if console.options.ascii_only else ARROWS.get(key, key) for key in keys}
    longest = max(map(len, names.values()))
    if rows > len(keys):
        lines = [Text("keys", Ink.STRONG)] + [
            Text.assemble((names[key].rjust(longest), Ink.STRONG), (f"  {meaning}", Ink.MUTED))
            for key, (meaning, _) in keys.items()
        ]
        return text_block(console, lines, width).shaped(width, rows)
    words = [
        Text.assemble((names[key], Ink.STRONG), (f" {short}", Ink.MUTED))
        for key, (_, short) in keys.items()
    ]
    room = max(word.cell_len for word in words)
    columns = [
        text_block(console, words[first : first + rows], room)
        for first in range(0, len(words), max(1, rows))
    ]
    return beside(columns, gap=2).shaped(width, rows)
