"""A recording as an animated GIF, which plays wherever pictures are shown.

Letters come from the font bundled with Pillow, so that the same recording gives the same bytes on
every machine. Characters that the font lacks become question marks.
"""

from __future__ import annotations

import io
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from gpunet.config import Theme
from gpunet.terminal.draw.style import PANEL
from gpunet.terminal.record.cells import RGB, Cell, cells_of
from gpunet.terminal.record.recording import Recording, backgrounds
from gpunet.terminal.record.shapes import Shape, shape_of

__all__ = ["gif", "has_letter"]

WIDTH, HEIGHT, MARGIN = 9, 18, 12
"""Width and height of a cell, and the margin around all cells, in pixels."""

FINE = 8
"""Oversampling factor in each direction while a character is drawn, for smooth edges."""

FONT_SIZE, BASELINE, DOT = 15, 13.5, 3.2
"""Font size, baseline below a cell's top, and diameter of a braille dot, in pixels."""

LEVELS = 8
"""Shades between a letter's color and its background; few, to keep the palette small."""

MOST_COLORS = 255
"""Colors that a frame may use; a GIF has one more, kept for unchanged pixels."""


def gif(recording: Recording, theme: Theme = "auto") -> bytes:
    """The recording as the content of a GIF file that loops forever.

    Args:
        recording: the recording to write.
        theme: the colors; ``auto`` means ``dark`` here, since a GIF cannot adapt to the reader.
    """
    background = backgrounds(theme)[0]
    ground = PANEL[background][1]
    frames = [
        cells_of(block, background)
        for block in recording.blocks(background, colors=theme != "mono")
    ]
    cells = list(dict.fromkeys(cell for frame in frames for row in frame for cell in row))
    palette, numbers = _in_few_colors(np.stack([_tile(cell, ground) for cell in cells]), ground)
    tiles = dict(zip(cells, numbers, strict=True))
    images = (_image(frame, tiles, palette) for frame in frames)
    times = [seconds for seconds, _ in recording.frames] + [recording.seconds]
    file = io.BytesIO()
    next(images).save(
        file,
        format="GIF",
        save_all=True,
        append_images=images,
        duration=[max(20, 10 * round(100 * (end - begin))) for begin, end in pairwise(times)],
        loop=0,
        optimize=True,
    )
    return file.getvalue()


def _image(
    frame: list[list[Cell]], tiles: dict[Cell, NDArray[np.uint8]], palette: NDArray[np.uint8]
) -> Image.Image:
    """A frame as a palette image; the margin around it has the palette's first color."""
    rows = [np.concatenate([tiles[cell] for cell in row], axis=1) for row in frame]
    image = Image.fromarray(np.pad(np.concatenate(rows), MARGIN))
    image.putpalette(palette.tobytes())
    return image


def _in_few_colors(
    tiles: NDArray[np.uint8], first: RGB
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A palette (colors, 3) that begins with ``first``, and the tiles as indices into it.

    If there are too many colors, similar ones are merged.
    """
    for step in (1, 4, 8, 16, 32, 64):
        coded = _codes(tiles // step * step)
        ground = _codes(np.array(first, np.uint8) // step * step)
        others = np.unique(coded)
        codes = np.concatenate([[ground], others[others != ground]])
        if len(codes) <= MOST_COLORS:
            break
    order = np.argsort(codes)
    numbers = order[np.searchsorted(codes, coded, sorter=order)]
    palette = codes[:, None] >> np.array([16, 8, 0]) & 255
    return palette.astype(np.uint8), numbers.astype(np.uint8)


def _codes(picture: NDArray[np.uint8]) -> NDArray[np.int64]:
    """RGB colors (..., 3) as one number each (...)."""
    red, green, blue = np.moveaxis(picture.astype(np.int64), -1, 0)
    codes: NDArray[np.int64] = red << 16 | green << 8 | blue
    return codes


def _tile(cell: Cell, ground: RGB) -> NDArray[np.uint8]:
    """The RGB pixels (height, width, 3) of a cell."""
    look = cell.look
    behind = np.array(look.ground or ground)
    share = _coverage(cell.text, look.bold)[..., None] / LEVELS
    tile: NDArray[np.uint8] = np.rint(behind + share * (np.array(look.color) - behind)).astype(
        np.uint8
    )
    if look.underline:
        tile[-2] = look.color
    return tile


@cache
def _coverage(text: str, bold: bool) -> NDArray[np.int64]:
    """How much of each pixel (height, width) a character covers, 0 to ``LEVELS``."""
    fine = Image.new("L", (WIDTH * FINE, HEIGHT * FINE))
    shape = shape_of(text)
    if shape is not None:
        _draw_shape(fine, shape)
    elif text and not text.isspace():
        _draw_letter(fine, text, bold)
    small = np.asarray(fine.reduce(FINE), np.float64) / 255
    return np.rint(small * LEVELS).astype(np.int64)


def _draw_shape(fine: Image.Image, shape: Shape) -> None:
    draw = ImageDraw.Draw(fine)
    color = round(255 * shape.opacity)
    width, height = fine.size
    for polygon in shape.polygons:
        draw.polygon([(x * width - 0.5, y * height - 0.5) for x, y in polygon], fill=color)
    for x, y in shape.dots:
        draw.circle((x * width, y * height), DOT / 2 * FINE, fill=color)


def _draw_letter(fine: Image.Image, text: str, bold: bool) -> None:
    """Draw a letter centered in its cell, squeezed if it is wider than the cell."""
    letter, font = (text if has_letter(text[0]) else "?"), _font()
    width = fine.width
    left, _, right, _ = font.getbbox(letter, anchor="ls")
    across = max(width, round(right - left))
    stroke = FINE // 3 if bold else 0
    drawn = Image.new("L", (across, fine.height))
    ImageDraw.Draw(drawn).text(
        ((across - right - left) / 2, BASELINE * FINE),
        letter,
        255,
        font,
        anchor="ls",
        stroke_width=stroke,
    )
    fine.paste(drawn.resize(fine.size) if across > width else drawn)


@cache
def has_letter(character: str) -> bool:
    """Whether Pillow's font has a glyph for a character, other than the placeholder box."""
    drawn, none = (bytes(_font().getmask(text)) for text in (character, "\uffff"))
    return drawn != none


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(FONT_SIZE * FINE)
