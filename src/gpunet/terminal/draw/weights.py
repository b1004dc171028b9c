"""What single units look for: their incoming weights as pictures, blue below zero, red above.

Owns which units are shown, and the drawing of signed values. Scaling an image into a block
belongs to ``digits``; what else is shown of a layer belongs to ``model_card``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.style import Style
from rich.text import Text

from gpunet.model import Model
from gpunet.parameters import layer_views
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.block import Block, Line, grid, lines_of, stack, text_block
from gpunet.terminal.draw.digits import fitted, half_blocks
from gpunet.terminal.draw.graphics import Painter
from gpunet.terminal.draw.style import Ink, signed_scale
from gpunet.terminal.live.console import shows_pixels

__all__ = ["signed_cells", "signed_colors", "signed_picture", "strongest_units", "unit_pictures"]

PICTURE = (14, 7)
"""Columns and rows of a unit's picture: images of 28 by 28 pixels, two by two of them a pixel."""

FINE_LEVELS = 127
"""Steps of color on either side of zero in pixels: 255 colors, which a palette holds."""

MARKS = "=- +#"
"""Characters from far below zero to far above it; they tell the sign without color."""

FAINT, FULL = 0.25, 0.6
"""Shares of the largest size from which a weight is drawn, and from which it is drawn boldly."""


def unit_pictures(
    console: Console, model: Model, count: int, painter: Painter | None = None
) -> None:
    """Print the first layer's units with the largest incoming weights, the largest first.

    Every picture has its own scale, so that faint units can be seen; their captions tell the
    norms. Of a population the first network is shown. Without a painter they are half blocks or
    characters. The model must be one of images.
    """
    columns, rows = PICTURE
    tiles = []
    for name, values in strongest_units(model, count):
        size = float(np.linalg.norm(values.astype(np.float64)))
        norm = Text(f"norm {formats.loss(size)}", Ink.MUTED)
        caption = text_block(console, [Text(name), norm, Text()], columns)
        if painter is None:
            tiles.append(stack([signed_picture(console, values, columns, rows), caption], columns))
        else:
            pixels = signed_colors(console, values, *painter.size(columns, rows))
            tiles.append(painter.above(caption, pixels, rows))
    console.print(grid(tiles, console.width, gap=2))
    shown, units = len(tiles), model.network.layers[0].outputs
    console.print(Text(f"{shown} of {units} units, from the largest weights down", Ink.STRONG))
    console.print(Text(_legend(console, painter), Ink.MUTED))


def strongest_units(model: Model, count: int) -> list[tuple[str, NDArray[np.float32]]]:
    """The first layer's units with the largest norms of incoming weights, in falling order.

    Each has its name and its weights (height, width). The model must be one of images.
    """
    assert model.image_shape is not None
    weights = layer_views(model.parameters[:1], model.network)[0][0][0]  # (I, O)
    norms = np.linalg.norm(weights.astype(np.float64), axis=0)  # (O,)
    return [
        (
            f"unit {unit}" if model.network.hidden else model.classes[unit],
            weights[:, unit].reshape(model.image_shape),
        )
        for unit in np.argsort(-norms, kind="stable")[:count].tolist()
    ]


def signed_picture(console: Console, values: NDArray[np.float32], columns: int, rows: int) -> Block:
    """Values (height, width) of both signs in so many cells, the largest size being full.

    A cell is two pixels high; the console decides between colors and characters.
    """
    return signed_cells(console, fitted(values.astype(np.float64), 2 * rows, columns, 0.0))


def signed_cells(console: Console, pixels: NDArray[np.float64], full: float | None = None) -> Block:
    """Pixels (rows, columns) of both signs, two in a cell, drawn fully from this size on.

    By default it is the largest one's. Below an odd number of rows half a cell stays free; without
    colors the last row is left out.
    """
    columns = pixels.shape[1]
    if shows_pixels(console):
        colors = signed_scale(console).colors(console.color_system == "truecolor")
        levels = np.rint((_shares(pixels, full) + 1) / 2 * (len(colors) - 1)).astype(int)
        return Block(columns, half_blocks(levels, colors))
    whole = pixels[: len(pixels) // 2 * 2]
    lines = _characters(console, _shares((whole[::2] + whole[1::2]) / 2, full))
    return Block(columns, lines).shaped(columns, -(-len(pixels) // 2))


def signed_colors(
    console: Console, values: NDArray[np.float32], height: int, width: int
) -> NDArray[np.uint8]:
    """Values of both signs in colors, as large as (height, width) pixels let them be.

    Returns (height, width, 3) red, green and blue.
    """
    shares = _shares(fitted(values.astype(np.float64), height, width, 0.0))
    levels = np.rint(shares * FINE_LEVELS) / FINE_LEVELS  # (height, width)
    scale = signed_scale(console)
    zero, ends = np.array(scale.zero), np.where(levels[..., None] < 0, scale.below, scale.above)
    mixed = zero + np.abs(levels)[..., None] * (ends - zero)  # (height, width, 3)
    return np.asarray(np.rint(mixed), dtype=np.uint8)


def _shares(values: NDArray[np.float64], full: float | None = None) -> NDArray[np.float64]:
    """Values from -1 to 1; one in a hundred is cut off, so that outliers do not pale the others.

    What is no number, in a network that has diverged, is 0.
    """
    values = np.nan_to_num(values)
    if full is None:
        sizes = np.abs(values)
        full = float(np.quantile(sizes, 0.99)) or float(sizes.max(initial=0.0))
    return np.clip(values / (full or 1.0), -1, 1)


def _characters(console: Console, shares: NDArray[np.float64]) -> list[Line]:
    sizes = np.abs(shares)
    levels = np.sign(shares) * ((sizes >= FAINT).astype(int) + (sizes >= FULL))  # -2 to 2
    marks = np.array(list(map(ord, MARKS)), np.uint32)[levels.astype(int) + 2]
    styles = [console.get_style(Ink.TRAIN), Style.null(), console.get_style(Ink.WRONG)]
    return lines_of(marks, np.sign(levels).astype(int) + 1, styles)


def _legend(console: Console, painter: Painter | None) -> str:
    if painter or (shows_pixels(console)):
        return "blue below zero, red above; each picture has a scale of its own"
    return "- and = below zero, + and # above; each picture has a scale of its own"
