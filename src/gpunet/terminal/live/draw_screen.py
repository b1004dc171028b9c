"""The live screen of `gpunet draw`: a board, and a model's answer to what is drawn on it."""

from __future__ import annotations

import time
from typing import TextIO

from rich.console import Console

from gpunet.model import Model
from gpunet.terminal.draw.block import Block, stack, text_block
from gpunet.terminal.live.drawing import Drawing
from gpunet.terminal.live.keyboard import Mouse
from gpunet.terminal.live.live_screen import LiveScreen
from gpunet.terminal.views.draw import Area, Drawn, draw_block, key_hints
from gpunet.training.events import Control

__all__ = ["DrawScreen"]

LOOK = 0.05
"""Seconds between two looks whether to end."""


class DrawScreen(LiveScreen):
    """A board to draw on; open it as a context, and ``wait`` until the user leaves it.

    Args:
        console: a terminal.
        control: receives the wish to leave.
        model: of images, which answers.
        keys: where keys come from, ``sys.stdin`` by default.
    """

    wants_mouse = True

    def __init__(
        self, console: Console, control: Control, model: Model, *, keys: TextIO | None = None
    ) -> None:
        super().__init__(console, control, keys=keys)
        self._model = model
        self.drawing = Drawing(model)

    def wait(self) -> None:
        """Return once the user, or a signal, asks to leave."""
        while not (self._control.stop_after_epoch.is_set() or self._control.stop_now.is_set()):
            time.sleep(LOOK)

    @property
    def drawn(self) -> Drawn:
        """The drawing, and what the model says of it."""
        return self.drawing.drawn(self._model.parameters)

    def frame(self, size: tuple[int, int], now: float, keys: bool) -> Block:
        """The board, the answer, and the keys below them."""
        width, rows = size
        canvas, reply = self.drawn
        board = draw_block(self._console, canvas, reply, width, rows - 1)
        hints = text_block(self._console, [key_hints(canvas, "q", "quit", width)], width)
        return stack([board, hints], width).shaped(width, rows)

    def pressed(self, key: str) -> None:
        """Take a key: of the board, or to leave it."""
        if key.lower() in ("q", "escape"):
            self._control.stop_after_epoch.set()
        else:
            self.drawing.pressed(key)
        self.hurry()

    def moused(self, event: Mouse) -> None:
        """Draw by hand."""
        width, rows = self._console.size
        self.drawing.moused(event, self._console, Area(0, 0, width, rows - 1))
        self.hurry()
