"""Digits drawn by the pens of the built-in dataset, as a mouse in a terminal tells of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np

from gpunet.datasets.strokes import Form, load_pens
from gpunet.terminal.live.keyboard import Mouse

Cell = tuple[int, int]

SIZE = 0.36
"""Of a digit: half its height in parts of the board."""


def first_forms() -> list[Form]:
    """The most common form of each digit."""
    pens = load_pens()
    return [
        max((f for f in pens if f.digit == digit), key=lambda f: f.weight) for digit in range(10)
    ]


def strokes_of(form: Form, hand: int = 0) -> Iterator[np.ndarray]:
    """The points (n, 2) of each stroke, 0 to 1 across and down the board."""
    points = form.spline @ form.controls[hand] * SIZE + 0.5
    for controls in form.strokes:
        own = np.abs(form.spline[:, controls]).sum(axis=1) > 1e-6
        yield points[own]


def dragged(form: Form, cell_of: Callable[[float, float], Cell], hand: int = 0) -> list[Mouse]:
    """What the mouse tells while a digit is drawn: nothing new within a cell."""
    events: list[Mouse] = []
    for points in strokes_of(form, hand):
        cells = [cell_of(x, y) for x, y in points.tolist()]
        moves = [now for before, now in itertools.pairwise(cells) if now != before]
        events.append(Mouse("press", *cells[0]))
        events += [Mouse("move", *cell) for cell in moves]
        events.append(Mouse("release", *cells[-1]))
    return events
