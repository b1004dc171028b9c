"""The list of keys, as a screen of the dashboard."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw.block import Block, text_block
from gpunet.terminal.draw.style import Ink
from gpunet.terminal.views.view import KEYS, View
from gpunet.training.events import RunInfo

__all__ = ["ARROWS", "RUN_KEYS", "keys_screen"]

RUN_KEYS: Mapping[str, str] = {
    "q": "stop after this epoch, and save",
    "p": "pause, and go on",
    "Ctrl-C": "stop now, and save; once more: abort without saving",
}
"""The keys of the run itself."""

ARROWS: Mapping[str, str] = {"left": "←", "right": "→", "up": "↑", "down": "↓", "escape": "Esc"}
"""How keys are written that are no characters."""


def keys_screen(console: Console, view: View, run: RunInfo, width: int, rows: int) -> Block:
    """All keys and what they do, one a line."""
    written = {key: one.meaning for key, one in KEYS.items()}
    if not console.options.ascii_only:
        written = {ARROWS.get(key, key): meaning for key, meaning in written.items()}
    keys = {**RUN_KEYS, **written}
    longest = max(map(len, keys))
    lines = [Text("keys", Ink.STRONG)] + [
        Text.assemble((key.rjust(longest), Ink.STRONG), (f"  {meaning}", Ink.MUTED))
        for key, meaning in keys.items()
    ]
    return text_block(console, lines, width).shaped(width, rows)
