"""The shapes of characters that look different in each font: dots, blocks, lines and marks.

Each shape fills its cell as in a terminal, so that neighboring cells join. Letters are left to
fonts.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

from gpunet.terminal.draw.dots import BRAILLE

__all__ = ["Shape", "shape_of"]

Polygon = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """The filled part of a cell, from (0, 0) at its upper left to (1, 1) at its lower right.

    Args:
        polygons: filled polygons, each as its corners (x, y).
        dots: centers (x, y) of round dots.
        opacity: opacity of the color over the background, 0 to 1.
    """

    polygons: tuple[Polygon, ...] = ()
    dots: tuple[tuple[float, float], ...] = ()
    opacity: float = 1.0

    @property
    def is_upright(self) -> bool:
        """Whether all edges are vertical or horizontal, so that they are sharp on whole pixels."""
        return all(
            a[0] == b[0] or a[1] == b[1]
            for polygon in self.polygons
            for a, b in zip(polygon, polygon[1:] + polygon[:1], strict=True)
        )


BLOCKS, BOXES = 0x2580, 0x2500

QUADRANTS = (4, 8, 1, 13, 9, 7, 11, 2, 6, 14)
"""Quarters that U+2596 and the next characters fill, as bits: 1 upper left, 2 upper right, 4 and 8
below these."""

THIN, THICK = 0.04, 0.08
"""Half the thickness of a light and of a heavy line, as a fraction of the cell's height."""

ASPECT = 2.0
"""Height of a cell divided by its width."""

MARKS: dict[str, tuple[Polygon, ...]] = {
    "✓": (((0.08, 0.56), (0.2, 0.49), (0.38, 0.63), (0.8, 0.26), (0.94, 0.31), (0.4, 0.79)),),
    "✗": (
        ((0.1, 0.34), (0.22, 0.28), (0.9, 0.7), (0.78, 0.76)),
        ((0.78, 0.28), (0.9, 0.34), (0.22, 0.76), (0.1, 0.7)),
    ),
    "★": (
        (
            *((0.5, 0.22), (0.62, 0.42), (1.0, 0.43), (0.7, 0.56), (0.81, 0.76)),
            *((0.5, 0.64), (0.19, 0.76), (0.3, 0.56), (0.0, 0.43), (0.38, 0.42)),
        ),
    ),
    "→": (
        ((0.05, 0.48), (0.6, 0.48), (0.6, 0.55), (0.05, 0.55)),
        ((0.5, 0.36), (0.98, 0.515), (0.5, 0.67)),
    ),
    "←": (
        ((0.4, 0.48), (0.95, 0.48), (0.95, 0.55), (0.4, 0.55)),
        ((0.5, 0.36), (0.02, 0.515), (0.5, 0.67)),
    ),
    "↑": (
        ((0.43, 0.4), (0.57, 0.4), (0.57, 0.78), (0.43, 0.78)),
        ((0.2, 0.46), (0.5, 0.24), (0.8, 0.46)),
    ),
    "↓": (
        ((0.43, 0.26), (0.57, 0.26), (0.57, 0.62), (0.43, 0.62)),
        ((0.2, 0.58), (0.5, 0.8), (0.8, 0.58)),
    ),
    "–": (((0.02, 0.51), (0.98, 0.51), (0.98, 0.57), (0.02, 0.57)),),  # noqa: RUF001 - a dash
    "•": (
        (
            *((0.5, 0.41), (0.7, 0.44), (0.78, 0.52), (0.7, 0.6)),
            *((0.5, 0.63), (0.3, 0.6), (0.22, 0.52), (0.3, 0.44)),
        ),
    ),
    "■": (((0.1, 0.32), (0.9, 0.32), (0.9, 0.72), (0.1, 0.72)),),
    "▲": (((0.05, 0.72), (0.5, 0.28), (0.95, 0.72)),),
    "▼": (((0.05, 0.3), (0.95, 0.3), (0.5, 0.74)),),
    "▶": (((0.1, 0.3), (0.95, 0.52), (0.1, 0.74)),),
    "◀": (((0.9, 0.3), (0.9, 0.74), (0.05, 0.52)),),
    "◆": (((0.5, 0.28), (0.95, 0.52), (0.5, 0.76), (0.05, 0.52)),),
    "●": (
        (
            *((0.5, 0.32), (0.78, 0.38), (0.9, 0.52), (0.78, 0.66)),
            *((0.5, 0.72), (0.22, 0.66), (0.1, 0.52), (0.22, 0.38)),
        ),
    ),
}


@cache
def shape_of(character: str) -> Shape | None:
    """The shape of a character; ``None`` if a font should draw it."""
    if character in MARKS:
        return Shape(MARKS[character])
    code = ord(character) if len(character) == 1 else 0
    if BRAILLE <= code < BRAILLE + 256:
        return _braille(code - BRAILLE)
    if BLOCKS <= code < BLOCKS + 32:
        return _block(code - BLOCKS)
    if BOXES <= code < BLOCKS:
        return _box(unicodedata.name(character))
    return None


def _braille(pattern: int) -> Shape:
    places = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
    chosen = (place for bit, place in enumerate(places) if pattern >> bit & 1)
    return Shape(dots=tuple((0.25 + column / 2, 0.125 + row / 4) for column, row in chosen))


def _block(index: int) -> Shape:
    if 0x11 <= index <= 0x13:
        return Shape((_rectangle(0, 0, 1, 1),), opacity=(index - 0x10) / 4)
    if index >= 0x16:
        filled = QUADRANTS[index - 0x16]
        quarters = ((0, 0), (0.5, 0), (0, 0.5), (0.5, 0.5))
        chosen = (place for bit, place in enumerate(quarters) if filled >> bit & 1)
        return Shape(tuple(_rectangle(x, y, x + 0.5, y + 0.5) for x, y in chosen))
    edges = {
        0x00: (0, 0, 1, 0.5),
        0x10: (0.5, 0, 1, 1),
        0x14: (0, 0, 1, 0.125),
        0x15: (0.875, 0, 1, 1),
    }
    if index in edges:
        return Shape((_rectangle(*edges[index]),))
    if index <= 8:
        return Shape((_rectangle(0, 1 - index / 8, 1, 1),))
    return Shape((_rectangle(0, 0, (16 - index) / 8, 1),))


def _box(name: str) -> Shape | None:
    """The shape of a box-drawing character, derived from its name; ``None`` if left to a font."""
    words = set(name.split())
    half = THICK if "HEAVY" in words else THIN
    across = half * ASPECT  # half the thickness of a vertical line
    if "DASH" in words:
        count = {"DOUBLE": 2, "TRIPLE": 3, "QUADRUPLE": 4}[next(iter(words & _DASHES))]
        starts = [(part + 0.15) / count for part in range(count)]
        length = 0.7 / count
        if "VERTICAL" in words:
            return Shape(
                tuple(_rectangle(0.5 - across, y, 0.5 + across, y + length) for y in starts)
            )
        return Shape(tuple(_rectangle(x, 0.5 - half, x + length, 0.5 + half) for x in starts))
    if words & {"DIAGONAL", "DOUBLE"}:
        return None
    arms = {
        "LEFT": _rectangle(0, 0.5 - half, 0.5, 0.5 + half),
        "RIGHT": _rectangle(0.5, 0.5 - half, 1, 0.5 + half),
        "UP": _rectangle(0.5 - across, 0, 0.5 + across, 0.5 + half),
        "DOWN": _rectangle(0.5 - across, 0.5 - half, 0.5 + across, 1),
        "HORIZONTAL": _rectangle(0, 0.5 - half, 1, 0.5 + half),
        "VERTICAL": _rectangle(0.5 - across, 0, 0.5 + across, 1),
    }
    return Shape(tuple(arm for word, arm in arms.items() if word in words))


_DASHES = {"DOUBLE", "TRIPLE", "QUADRUPLE"}


def _rectangle(left: float, top: float, right: float, bottom: float) -> Polygon:
    return (left, top), (right, top), (right, bottom), (left, bottom)
