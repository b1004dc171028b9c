"""A canvas whose drawing a network classifies, shared by `gpunet draw` and the dashboard.

Keys and the mouse change the canvas in the input thread. The network runs in the thread that draws
the screen, once per frame at most.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from operator import is_

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from gpunet.errors import DataError, GpunetError
from gpunet.model import Model
from gpunet.terminal.draw.canvas import KEYS, MOVES, SIDE, Canvas
from gpunet.terminal.live.keyboard import Mouse
from gpunet.terminal.views.board import Area, Drawn, Reply, point_at
from gpunet.workflows.drawing import DrawingReader, require_images

__all__ = ["Drawing"]

RIGHT = 2
"""Number of the right mouse button, which erases."""

DASH = "a dash? A figure is far wider than a digit; draw it higher, or apart"


class Drawing:
    """A canvas and a model's answer to it.

    Args:
        model: a model that takes images; newer weights may be given to ``drawn``.

    Raises:
        ModelError: the model takes no images.
    """

    def __init__(self, model: Model) -> None:
        shape = require_images(model)
        self.canvas = Canvas() if model.framing else Canvas.of_shape(*shape)
        self._model = model
        self._reader = DrawingReader()
        self._answered: tuple[object, object] = None, None
        self._reply = Reply(())
        self._asking = threading.Lock()  # a key press may ask, too

    def pressed(self, key: str) -> bool:
        """Handle a key; returns whether it has a meaning here."""
        key = key.lower()
        self.canvas = self.canvas.pressed(key)
        return key in MOVES or key in KEYS

    def moused(self, event: Mouse, console: Console, area: Area) -> None:
        """Handle a mouse event.

        Args:
            event: the event, in cells of the whole screen.
            console: the console that shows the board.
            area: the part of the screen with the board and the answer.
        """
        if event.act == "release":
            self.canvas = self.canvas.lifted()
            return
        point = point_at(console, self.canvas, area, event.column, event.row)
        if point is None:
            return
        if event.act == "move":
            self.canvas = self.canvas.moved(point) if self.canvas.is_down else self.canvas
        elif event.act == "press" and self.canvas.holds(point):
            erases = True if event.button == RIGHT else None
            self.canvas = self.canvas.lowered(point, erases=erases)

    def drawn(self, parameters: NDArray[np.float32] | None, of: str = "") -> Drawn:
        """The drawing and the model's answer, computed only if the drawing or the weights changed.

        Args:
            parameters: (P, N) the model's current weights; ``None`` if not known yet.
            of: a description of these weights.
        """
        canvas = self.canvas
        asked = canvas.strokes, parameters
        with self._asking:
            if not all(map(is_, asked, self._answered)):
                self._answered, self._reply = asked, self._ask(canvas, parameters, of)
            return Drawn(canvas, self._reply)

    def _ask(self, canvas: Canvas, parameters: NDArray[np.float32] | None, of: str) -> Reply:
        model = self._model
        silent = Reply(model.output_names, model.network.kind, of=of)
        if canvas.is_empty:
            return silent
        if parameters is None:
            return replace(silent, problem="waiting for a look into the network")
        # The board's white chalk stands for black ink if the model's images are black on white.
        png = canvas.png(on_white=model.framing is None and model.inverted)
        try:
            answers = self._reader.answer(replace(model, parameters=parameters), png)
        except DataError:
            return replace(silent, problem=DASH)
        except GpunetError as error:  # such as too little memory for the network
            return replace(silent, problem=str(error))
        x, y = canvas.pen
        return replace(silent, answers=answers, chosen=answers.nearest(x * SIDE, y * SIDE))
