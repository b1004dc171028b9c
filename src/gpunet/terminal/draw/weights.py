"""What each unit looks for: its incoming weights as a picture, blue below zero, red above.

Owns which units are shown and how signed values are drawn. Scaling an image into a block belongs
to ``digits``; everything else about a layer belongs to ``model_card``.
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
"""Columns and rows of a unit's picture: 14 by 14 pixels, so 2 by 2 of a 28-by-28 image in each."""

FINE_LEVELS = 127
"""Color steps on either side of zero in pixel images: 255 colors in all, which fit a palette."""

MARKS = "=- +#"
"""Characters from far below zero to far above it; they show the sign without color."""

FAINT, FULL = 0.25, 0.6
"""Thresholds, as fractions of full scale, for drawing a weight lightly and heavily in ``MARKS``."""


def unit_pictures(
    console: Console, model: Model, count: int, painter: Painter | None = None
) -> None:
    """Print the first layer's units with the largest incoming weights, the largest first.

    Each picture has its own scale, so that faint units stay visible; its caption gives the norm.
    For a population, the first network is shown. Without a painter, the pictures are half blocks
    or characters. The model must take images.
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
    """The first layer's units with the largest norms of incoming weights, the largest first.

    Returns each unit's name and weights (height, width). The model must take images.
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
    """Signed values (height, width) scaled to fit ``columns`` by ``rows`` cells.

    The scale ends near the largest absolute value. A cell is two pixels high; the console decides
    between colors and characters.
    """
    return signed_cells(console, fitted(values.astype(np.float64), 2 * rows, columns, 0.0))


def signed_cells(console: Console, pixels: NDArray[np.float64], full: float | None = None) -> Block:
    """Signed pixels (rows, columns), two per cell; absolute values from ``full`` on get full color.

    By default, ``full`` is the 99th percentile of the absolute values. With an odd number of rows,
    the lower half of the last cells stays empty; without colors, the last row is left out.
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
    """Signed values in color, scaled to fit (height, width) pixels.

    Returns RGB pixels (height, width, 3).
    """
    shares = _shares(fitted(values.astype(np.float64), height, width, 0.0))
    levels = np.rint(shares * FINE_LEVELS) / FINE_LEVELS  # (height, width)
    scale = signed_scale(console)
    zero, ends = np.array(scale.zero), np.where(levels[..., None] < 0, scale.below, scale.above)
    mixed = zero + np.abs(levels)[..., None] * (ends - zero)  # (height, width, 3)
    return np.asarray(np.rint(mixed), dtype=np.uint8)


def _shares(values: NDArray[np.float64], full: float | None = None) -> NDArray[np.float64]:
    """Values scaled to -1..1 by ``full``, and clipped there.

    By default, ``full`` is the 99th percentile of the absolute values, so that outliers do not
    make the others pale. NaN, as in a diverged network, becomes 0.
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
