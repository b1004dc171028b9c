"""Grayscale images: drawn as text (half blocks or shading characters) or as pixels.

Owns cropping, scaling and drawing a single image. Captions and grids belong to ``showcase`` and
``views.dashboard``, painting pixels to ``graphics``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby, zip_longest

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.console import Console
from rich.segment import Segment
from rich.style import Style

from gpunet.terminal.draw.block import Block, Line
from gpunet.terminal.draw.style import GREYS, glyphs
from gpunet.terminal.live.console import shows_pixels

__all__ = [
    "background_of",
    "brightness",
    "cropped",
    "fitted",
    "grey_cells",
    "greys",
    "half_blocks",
    "picture",
]

INK = 0.1
"""A pixel is part of the drawing if it differs from the background by more than this."""

GAMMA = 0.75
"""Gamma exponent; below 1, it brightens thin strokes, which downscaling makes faint."""


def picture(
    console: Console,
    image: NDArray[np.uint8] | NDArray[np.float32],
    columns: int,
    rows: int,
    *,
    whole: bool = False,
) -> Block:
    """An image (height, width) scaled to fit ``columns`` by ``rows`` cells.

    Its empty margins are cropped unless ``whole`` is set. A cell is two pixels high; the console
    decides between colors, block shades and ASCII.
    """
    bright = brightness(image)
    background = background_of(bright)
    shown = bright if whole else cropped(bright, background)
    return grey_cells(console, fitted(shown, 2 * rows, columns, background))


def grey_cells(console: Console, pixels: NDArray[np.float64]) -> Block:
    """Pixels (rows, columns) from 0 (black) to 1 (white), two per cell.

    With colors and an odd number of rows, the lower half of the last cells stays empty.
    """
    columns = pixels.shape[1]
    if shows_pixels(console):
        levels = np.rint(pixels**GAMMA * (len(GREYS) - 1)).astype(int)
        return Block(columns, half_blocks(levels, GREYS))
    return Block(columns, _shades(pixels, glyphs(console.options.ascii_only).shades))


def greys(
    image: NDArray[np.uint8] | NDArray[np.float32], height: int, width: int
) -> NDArray[np.uint8]:
    """The whole image scaled to fit (height, width) pixels.

    Returns RGB pixels (height, width, 3).
    """
    whole = brightness(image)
    pixels = fitted(whole, height, width, background_of(whole))
    return np.repeat(np.rint(255 * pixels).astype(np.uint8)[..., None], 3, axis=2)


def brightness(image: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.float64]:
    """The image (height, width) scaled to 0..1: bytes / 255; floats rescaled only if outside."""
    if image.dtype == np.uint8:
        return image.astype(np.float64) / 255
    values = np.nan_to_num(image.astype(np.float64), nan=0.0, posinf=1.0, neginf=0.0)
    lowest, highest = float(values.min(initial=0)), float(values.max(initial=1))
    return np.clip((values - lowest) / (highest - lowest), 0, 1)


def background_of(image: NDArray[np.float64]) -> float:
    """The background brightness of an image (height, width): the median of its border."""
    if not image.size:
        return 0.0
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    return float(np.median(border))


def cropped(image: NDArray[np.float64], background: float) -> NDArray[np.float64]:
    """The image cropped to its drawing (height, width); the whole image if it is blank."""
    ink = np.abs(image - background) > INK  # (height, width)
    if not ink.any():
        return image
    ys, xs = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return image[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1]


def fitted(
    image: NDArray[np.float64], height: int, width: int, background: float
) -> NDArray[np.float64]:
    """The image scaled to fit (height, width), aspect ratio kept, centered on its background.

    Larger images are averaged down; smaller ones are enlarged by a whole factor.
    """
    rows, columns = image.shape
    canvas = np.full((height, width), background)
    if not image.size or not canvas.size:
        return canvas
    scale = min(height / rows, width / columns)
    scale = scale if scale < 1 else float(int(scale))
    inner = max(1, min(height, round(rows * scale))), max(1, min(width, round(columns * scale)))
    top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
    shrunk = _averaging(rows, inner[0]) @ image @ _averaging(columns, inner[1]).T
    canvas[top : top + inner[0], left : left + inner[1]] = shrunk
    return canvas


@lru_cache(maxsize=64)
def _averaging(source: int, target: int) -> NDArray[np.float64]:
    """A matrix (target, source) that averages the source pixels under each target pixel."""
    edges = np.linspace(0, source, target + 1)
    left = np.maximum(edges[:-1, None], np.arange(source))
    right = np.minimum(edges[1:, None], np.arange(1, source + 1))
    covered = np.maximum(right - left, 0.0)  # (target, source)
    weights: NDArray[np.float64] = covered / covered.sum(axis=1, keepdims=True)
    return weights


def half_blocks(levels: NDArray[np.int64], colors: Sequence[Color]) -> list[Line]:
    """Lines of half blocks for pixels (rows, columns), each an index into ``colors``.

    A cell is two pixels high. With an odd number of rows, the terminal's background shows below
    the last one.
    """
    lines = []
    rows = levels.tolist()
    for upper, lower in zip_longest(rows[::2], rows[1::2], fillvalue=[-1] * levels.shape[1]):
        line = []
        for (top, bottom), run in groupby(zip(upper, lower, strict=True)):
            cell = " " if top == bottom else "▀"
            below = None if bottom < 0 else colors[bottom]
            line.append(Segment(cell * len(list(run)), _style(colors[top], below)))
        lines.append(line)
    return lines


@lru_cache(maxsize=2048)
def _style(top: Color, bottom: Color | None) -> Style:
    return Style(color=top, bgcolor=bottom)


def _shades(pixels: NDArray[np.float64], shades: str) -> list[Line]:
    if len(pixels) % 2:
        pixels = np.vstack([pixels, pixels[-1:]])
    cells = (pixels[::2] + pixels[1::2]) / 2  # (rows, columns)
    levels = np.rint(cells**GAMMA * (len(shades) - 1)).astype(int)
    return [[Segment("".join(shades[level] for level in row))] for row in levels.tolist()]
