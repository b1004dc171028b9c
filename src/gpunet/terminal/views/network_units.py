"""What the units of the first layer look for: their weights as pictures, or column by column."""

from __future__ import annotations

import numpy as np
from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw.block import Block, beside, cut, grid, stack, text_block
from gpunet.terminal.draw.digits import fitted
from gpunet.terminal.draw.style import Ink
from gpunet.terminal.draw.weights import signed_cells
from gpunet.terminal.live.console import shows_pixels
from gpunet.terminal.views.frame import heading
from gpunet.training.events import Insight, RunInfo

__all__ = ["feature_names", "first_layer"]

LARGEST, SMALLEST = 14, 4
"""Most and fewest rows of a unit's picture. A row is two pixels high, less one pixel below the
picture: 27 pixels, nearly all of a 28x28 image, down to 7, the fewest that are recognizable."""

SMALLEST_OF_CHARACTERS = 7
"""Fewest rows of a unit's picture that is made of characters."""

TALLEST = 3
"""Most rows of a column's weights."""

LONGEST_NAME = 18
"""Most cells of a column's name beside its weights."""


def first_layer(console: Console, run: RunInfo, insight: Insight, width: int, rows: int) -> Block:
    """The weights of the first layer: a picture for each unit, or a row for each column."""
    shape = run.dataset.image_shape
    if shape is None:
        return _by_column(console, run, insight, width, rows)
    least = SMALLEST if shows_pixels(console) else SMALLEST_OF_CHARACTERS
    height, columns = _tile(len(insight.units), shape[1] / shape[0], width, rows - 1, least)
    across, down = max(1, (width + 1) // (columns + 1)), max(0, (rows - 1) // height)
    count = min(len(insight.units), across * down)
    tiles = [
        signed_cells(console, fitted(weights.reshape(shape), 2 * height - 1, columns, 0.0))
        for weights in insight.weights[:count].astype(np.float64)
    ]
    title = _title(console, run, f"{count} of {run.network.layers[0].outputs} units", width)
    return stack([title, grid(tiles, width)], width).shaped(width, rows)


def _tile(count: int, proportion: float, width: int, rows: int, least: int) -> tuple[int, int]:
    """Rows and columns of the largest picture of which ``count`` fit, else of the smallest."""
    for height in range(min(LARGEST, rows), least - 1, -1):
        columns = _breadth(height, proportion, width)
        if count <= (width + 1) // (columns + 1) * (rows // height):
            return height, columns
    height = max(1, min(least, rows))
    return height, _breadth(height, proportion, width)


def _breadth(height: int, proportion: float, width: int) -> int:
    """Columns of a picture with ``height`` rows."""
    return max(1, min(width, round((2 * height - 1) * proportion)))


def _title(console: Console, run: RunInfo, told: str, width: int) -> Block:
    legend = "blue below zero, red above" if shows_pixels(console) else "- = below zero, + # above"
    name = "first layer" if run.network.hidden else "the layer"
    if run.config.ensemble > 1:
        name += " of the first network"
    return heading(console, name, f"{told}, {legend}", width)


def _by_column(console: Console, run: RunInfo, insight: Insight, width: int, rows: int) -> Block:
    """A line per column of a table, the largest weights first, with a cell per unit."""
    names = feature_names(run)
    sizes = np.linalg.norm(insight.weights, axis=0)  # (I,)
    order = np.arange(len(sizes))
    if len(order) > rows - 1:
        order = np.sort(np.argsort(-sizes, kind="stable")[: max(0, rows - 1)])
    name_width = min(LONGEST_NAME, max((Text(names[at]).cell_len for at in order), default=0))
    room = max(1, width - name_width - 1)
    units = min(len(insight.units), room)
    size = max(1, min(4, room // max(1, units)))
    high = max(1, min(TALLEST, (rows - 1) // max(1, len(order))))
    shown = insight.weights[:units, order].T.astype(np.float64)  # (columns, units)
    pixels = np.repeat(np.repeat(shown, 2 * high, axis=0), size, axis=1)
    labels: list[Text] = []
    for at in order.tolist():
        label = cut(Text(names[at], Ink.MUTED), name_width, console.options.ascii_only)
        label.pad_left(name_width - label.cell_len)
        labels += [label, *[Text()] * (high - 1)]
    told = (
        f"{units} of {run.network.layers[0].outputs} units by {len(order)} of {len(sizes)} columns"
    )
    title = _title(console, run, told, width)
    if not len(order) or not units:
        return title.shaped(width, rows)
    cells = beside([text_block(console, labels, name_width), signed_cells(console, pixels)], gap=1)
    return stack([title, cells], width).shaped(width, rows)


def feature_names(run: RunInfo) -> list[str]:
    """The names of the features; ``feature 1`` and so on if they have none."""
    inputs, columns = run.network.inputs, run.dataset.columns
    found = columns.feature_names(inputs) if columns is not None else None
    return found or [f"feature {number}" for number in range(1, inputs + 1)]
