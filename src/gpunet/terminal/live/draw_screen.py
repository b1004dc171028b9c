"""The live screen of `gpunet draw`: a drawing board and a model's answer to the drawing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.text import Text

from gpunet.errors import OutputError
from gpunet.model import Model
from gpunet.terminal.draw.block import Block, cut, stack, text_block
from gpunet.terminal.draw.style import Ink
from gpunet.terminal.live.drawing import Drawing
from gpunet.terminal.live.keyboard import Mouse
from gpunet.terminal.live.live_screen import LiveScreen
from gpunet.terminal.views.board import Area, Drawn, board_block, key_hints, label_hints
from gpunet.training.events import Control
from gpunet.workflows.drawing import keep_drawing

__all__ = ["DrawScreen"]

LOOK = 0.05
"""Seconds between two checks of whether to end."""


class DrawScreen(LiveScreen):
    """A board to draw on; open it as a context, and ``wait`` until the user leaves it.

    Args:
        console: a terminal.
        control: receives the request to leave.
        model: the model that answers; it must take images.
        folder: where drawings are saved, each in the folder of its class.
        keys: where keys come from, ``sys.stdin`` by default.
    """

    wants_mouse = True

    def __init__(
        self,
        console: Console,
        control: Control,
        model: Model,
        folder: Path,
        *,
        keys: TextIO | None = None,
    ) -> None:
        super().__init__(console, control, keys=keys)
        self._model = model
        self._folder = folder
        self._label: int | None = None  # the class to save the drawing as, while asking for it
        self._told = ""  # message about the latest drawing that was saved
        self.drawing = Drawing(model)

    def wait(self) -> None:
        """Wait until the user or a signal asks to leave."""
        while not self._control.stopping:
            time.sleep(LOOK)

    @property
    def drawn(self) -> Drawn:
        """The drawing and the model's answer to it."""
        return self.drawing.drawn(self._model.parameters)

    def frame(self, size: tuple[int, int], now: float, keys: bool) -> Block:
        """The board and the answer, with the keys below them."""
        width, rows = size
        canvas, reply = self.drawn
        board = board_block(self._console, canvas, reply, width, rows - 1)
        label = self._label
        if label is not None:
            last = label_hints(self._model.classes[label], width)
        elif self._told:
            last = cut(Text(self._told, Ink.STRONG), width, self._console.options.ascii_only)
        else:
            last = key_hints(canvas, ("q", "quit"), width, keeps=bool(self._model.classes))
        return stack([board, text_block(self._console, [last], width)], width).shaped(width, rows)

    def pressed(self, key: str) -> None:
        """Handle a key, which may draw, save the drawing, or leave."""
        self._told = ""
        if self._label is not None:
            self._choose(key)
        elif key.lower() in ("q", "escape"):
            self._control.stop_after_epoch.set()
        elif key.lower() == "w":
            self._ask()
        else:
            self.drawing.pressed(key)
        self.hurry()

    def moused(self, event: Mouse) -> None:
        """Draw with the mouse."""
        self._told = ""
        width, rows = self._console.size
        self.drawing.moused(event, self._console, Area(0, 0, width, rows - 1))
        self.hurry()

    def _ask(self) -> None:
        """Ask which class to save the drawing as, suggesting the model's answer."""
        _, reply = self.drawn
        if reply.answers is not None and self._model.classes:
            self._label = int(reply.answers.values[reply.chosen].argmax())

    def _choose(self, key: str) -> None:
        assert self._label is not None
        classes = self._model.classes
        if key in classes:
            self._label = classes.index(key)
        if key in classes or key == "enter":
            self._keep(classes[self._label])
        if key in classes or key in ("enter", "escape"):
            self._label = None
        elif key in ("up", "left", "down", "right"):
            step = 1 if key in ("down", "right") else -1
            self._label = (self._label + step) % len(classes)

    def _keep(self, label: str) -> None:
        """Save the network's input as an image, and clear the board for the next drawing."""
        _, reply = self.drawn
        assert reply.answers is not None
        pixels = reply.answers.features[reply.chosen]
        try:
            shape = reply.answers.pictures.shape[1:]
            path = keep_drawing(self._folder, label, pixels.reshape(shape))
        except OutputError as error:
            self._told = str(error)
        else:
            self._told = f"kept as {path}"
            self.drawing.pressed("c")
