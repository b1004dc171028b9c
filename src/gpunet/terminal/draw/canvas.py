"""A drawing canvas: a pen moved by keys or the mouse, its strokes, and their pixels.

A canvas is immutable: every action returns a new one, so undo just goes back to an earlier one.
Lengths are fractions of the board's longer side; ``x`` runs right and ``y`` down from the upper
left corner. Placing the board in the terminal belongs to ``views.board``.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

__all__ = ["KEYS", "MOVES", "SIDE", "Canvas", "Point", "Stroke"]

Point = tuple[float, float]

PEN = 0.07
"""The pen's initial width: like MNIST's strokes, if the digit fills two thirds of the height."""

PENS = (0.03, 0.2)
"""Width of the thinnest and of the thickest pen."""

WIDER = 1.25
"""Factor by which ``+`` widens the pen and ``-`` narrows it."""

ERASER = 2.5
"""Width of the eraser relative to the pen."""

STEP = 0.025
"""How far one key press moves the pen."""

SIDE = 280
"""Length of the picture's longer side in pixels."""

FINER = 2
"""Oversampling factor in each direction, for smooth edges."""

EVENING = 2
"""Smoothing passes over a stroke's points; the mouse position is only known to the cell."""

PIECES = 6
"""Straight pieces that make up the curve from one point of a stroke to the next."""

MOVES: Mapping[str, tuple[int, int]] = {
    "left": (-1, 0),
    "right": (1, 0),
    "up": (0, -1),
    "down": (0, 1),
    **{str(x + 2 - 3 * (y - 1)): (x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if x or y},
}
"""Direction (x, y) of each key that moves the pen: arrows, and digits as on a numeric keypad."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """A stroke: everything the pen draws until it is lifted.

    Args:
        points: the points of its path; a single point if the pen did not move.
        width: the pen's width.
        erases: whether it removes ink.
    """

    points: tuple[Point, ...]
    width: float
    erases: bool = False


@dataclass(frozen=True, slots=True)
class Canvas:
    """A board and a pen on it.

    Args:
        size: the board's width and height; the longer side is 1.
        strokes: the strokes on the board.
        past: earlier states of the board, for undo; the latest comes last.
        future: undone states, for redo; the latest comes last.
        pen: the pen's position.
        width: the pen's width.
        is_down: whether moving the pen continues the latest stroke.
        erases: whether the pen is an eraser.
        by_keys: whether keys moved the pen last, so that it has to be shown.

    Example:
        >>> from gpunet.terminal.draw.canvas import Canvas
        >>> canvas = Canvas().pressed(" ").pressed("down").pressed("down").pressed(" ")
        >>> len(canvas.strokes), int(canvas.image().max())
        (1, 255)
        >>> canvas.pressed("u").is_empty
        True
    """

    size: Point = (1.0, 1.0)
    strokes: tuple[Stroke, ...] = ()
    past: tuple[tuple[Stroke, ...], ...] = ()
    future: tuple[tuple[Stroke, ...], ...] = ()
    pen: Point = (0.5, 0.25)
    width: float = PEN
    is_down: bool = False
    erases: bool = False
    by_keys: bool = False

    @classmethod
    def of_shape(cls, height: float, width: float) -> Canvas:
        """An empty board with the aspect ratio of an image."""
        longer = max(height, width)
        size = width / longer, height / longer
        return cls(size, pen=(size[0] / 2, size[1] / 4))

    @property
    def is_empty(self) -> bool:
        """Whether there is no ink on the board."""
        return not self.strokes or not self.image().any()

    def holds(self, point: Point) -> bool:
        """Whether a point is on the board."""
        return point == self._on_board(point)

    # ---- The pen

    def lowered(self, point: Point, *, erases: bool | None = None) -> Canvas:
        """The canvas with the pen put down here; ``erases`` overrides whether it is an eraser."""
        point = self._on_board(point)
        erasing = self.erases if erases is None else erases
        stroke = Stroke((point,), self.width * (ERASER if erasing else 1), erasing)
        drawn = self._changed((*self.strokes, stroke))
        return replace(drawn, pen=point, is_down=True, by_keys=False)

    def moved(self, point: Point) -> Canvas:
        """The canvas with the pen moved there, drawing if it is down."""
        point = self._on_board(point)
        if not self.is_down or point == self.strokes[-1].points[-1]:
            return replace(self, pen=point)
        last = self.strokes[-1]
        longer = replace(last, points=(*last.points, point))
        return replace(self, pen=point, strokes=(*self.strokes[:-1], longer))

    def lifted(self) -> Canvas:
        """The canvas with the pen lifted, which ends the stroke."""
        return replace(self, is_down=False)

    # ---- Keys

    def pressed(self, key: str) -> Canvas:
        """The canvas after a key press; unknown keys do nothing."""
        if key in MOVES:
            across, down = MOVES[key]
            x, y = self.pen
            return replace(self.moved((x + STEP * across, y + STEP * down)), by_keys=True)
        return KEYS[key](self) if key in KEYS else self

    def _toggled(self) -> Canvas:
        changed = self.lifted() if self.is_down else self.lowered(self.pen)
        return replace(changed, by_keys=True)

    def _turned(self) -> Canvas:
        return replace(self, is_down=False, erases=not self.erases)

    def _undone(self) -> Canvas:
        if not self.past:
            return self.lifted()
        *past, strokes = self.past
        future = (*self.future, self.strokes)
        return replace(self, strokes=strokes, past=tuple(past), future=future, is_down=False)

    def _redone(self) -> Canvas:
        if not self.future:
            return self.lifted()
        *future, strokes = self.future
        past = (*self.past, self.strokes)
        return replace(self, strokes=strokes, past=past, future=tuple(future), is_down=False)

    def _cleared(self) -> Canvas:
        return self._changed(()).lifted() if self.strokes else self

    def _widened(self, times: float) -> Canvas:
        narrowest, widest = PENS
        return replace(self, width=min(max(self.width * times, narrowest), widest)).lifted()

    def _changed(self, strokes: tuple[Stroke, ...]) -> Canvas:
        return replace(self, strokes=strokes, past=(*self.past, self.strokes), future=())

    def _on_board(self, point: Point) -> Point:
        (x, y), (across, down) = point, self.size
        return min(max(x, 0.0), across), min(max(y, 0.0), down)

    # ---- Pixels

    def image(self) -> NDArray[np.uint8]:
        """The board's pixels (height, width): 0 where it is empty, 255 where there is ink."""
        return _image(self.size, self.strokes)

    def png(self, *, on_white: bool = False) -> bytes:
        """The picture as PNG bytes: white ink on black, or black on white."""
        image = self.image()
        file = io.BytesIO()
        picture = Image.fromarray(255 - image if on_white else image)
        picture.save(file, "PNG", compress_level=1)
        return file.getvalue()


KEYS: Mapping[str, Callable[[Canvas], Canvas]] = {
    " ": Canvas._toggled,
    "enter": Canvas._toggled,
    "e": Canvas._turned,
    "u": Canvas._undone,
    "backspace": Canvas._undone,
    "r": Canvas._redone,
    "c": Canvas._cleared,
    "+": lambda canvas: canvas._widened(WIDER),
    "=": lambda canvas: canvas._widened(WIDER),
    "-": lambda canvas: canvas._widened(1 / WIDER),
}
"""What each key does that does not move the pen."""


@lru_cache(maxsize=4)
def _image(size: Point, strokes: tuple[Stroke, ...]) -> NDArray[np.uint8]:
    """The pixels of a board; cached, since each frame asks for them again."""
    side = SIDE * FINER
    across, down = (max(1, round(SIDE * length)) * FINER for length in size)
    picture = Image.new("L", (across, down))
    pen = ImageDraw.Draw(picture)
    for stroke in strokes:
        curve = _curve(np.array(stroke.points)) * side  # (n, 2)
        ink, radius = 0 if stroke.erases else 255, stroke.width * side / 2
        if len(curve) > 1:
            pen.line(curve.reshape(-1).tolist(), ink, round(2 * radius), "curve")
        for x, y in (curve[0], curve[-1]):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), ink)
    image = np.asarray(picture.reduce(FINER)).copy()
    image.setflags(write=False)
    return image


def _curve(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """A smooth curve (m, 2) along the points (n, 2) of a stroke, from the first to the last.

    It consists of parabolas, each from the midpoint before a point to the midpoint after it.
    """
    if len(points) < 3:
        return points
    for _ in range(EVENING):
        inner = (points[:-2] + 2 * points[1:-1] + points[2:]) / 4
        points = np.concatenate([points[:1], inner, points[-1:]])
    halfway = (points[:-1] + points[1:]) / 2  # (n - 1, 2)
    t = np.linspace(0, 1, PIECES, endpoint=False)[:, None, None]
    start, middle, end = halfway[:-1], points[1:-1], halfway[1:]
    curves = (1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end  # (pieces, n - 2, 2)
    inside = curves.transpose(1, 0, 2).reshape(-1, 2)
    return np.concatenate([points[:1], inside, halfway[-1:], points[-1:]])
