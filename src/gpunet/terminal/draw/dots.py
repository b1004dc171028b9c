"""Pictures of braille dots, eight a cell, and words written large in them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["BRAILLE", "dotted", "patterns", "written_large"]

BRAILLE = 0x2800
"""The empty braille cell; with a bit for each dot its code point gives a pattern."""

BITS = (0, 3, 1, 4, 2, 5, 6, 7)
"""The bit of each of a cell's dots, row by row."""

PATTERNS = np.array(
    [sum(1 << BITS[at] for at in range(8) if dots >> at & 1) for dots in range(256)]
)
"""The pattern (256,) of each choice of dots, the first of which is its lowest bit."""

FINE = 120
"""Pixels of the letters before they are brought to a size."""


def dotted(dots: NDArray[np.bool_]) -> list[str]:
    """Lines of text of dots (4 * rows, 2 * columns)."""
    return ["".join(map(chr, row)) for row in (BRAILLE + patterns(dots)).tolist()]


def patterns(dots: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The patterns (rows, columns), counted from ``BRAILLE``, of dots (4 * rows, 2 * columns)."""
    rows, columns = dots.shape[0] // 4, dots.shape[1] // 2
    cells = dots.reshape(rows, 4, columns, 2).transpose(0, 2, 1, 3).reshape(rows, columns, 8)
    found: NDArray[np.int64] = PATTERNS[np.packbits(cells, axis=2, bitorder="little")[..., 0]]
    return found


@lru_cache(maxsize=64)
def written_large(word: str, columns: int, rows: int) -> tuple[str, ...]:
    """A word in so many rows, or in fewer where it would be wider than the columns.

    There are no lines for a word that holds more than the letters, digits and marks of ASCII.

    Example:
        >>> for line in written_large("7", 8, 3):
        ...     print(line)
        ⠉⠉⢉⡟
        ⠀⢀⡞⠀
        ⢀⡞⠀⠀
    """
    if not word.strip() or not (word.isascii() and word.isprintable()):
        return ()
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(FINE)
    _, _, right, bottom = map(round, font.getbbox(word))
    picture = Image.new("L", (right + FINE, bottom + FINE))
    ImageDraw.Draw(picture).text((0, 0), word, 255, font)
    picture = picture.crop(picture.getbbox())
    scale = min(4 * rows / picture.height, 2 * columns / picture.width)
    size = max(1, int(picture.width * scale)), max(1, int(picture.height * scale))
    field = Image.new("L", (size[0] + size[0] % 2, size[1] + -size[1] % 4))
    field.paste(picture.resize(size, Image.Resampling.BOX))
    return tuple(dotted(np.asarray(field) > 127))
