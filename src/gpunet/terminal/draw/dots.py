"""Pictures made of braille dots, eight per cell, and words in large letters made of them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["BRAILLE", "dotted", "patterns", "written_large"]

BRAILLE = 0x2800
"""Code point of the empty braille cell; adding a bit for each dot gives a pattern."""

BITS = (0, 3, 1, 4, 2, 5, 6, 7)
"""The bit that Unicode assigns to each dot of a cell, row by row."""

PATTERNS = np.array(
    [sum(1 << BITS[at] for at in range(8) if dots >> at & 1) for dots in range(256)]
)
"""Braille patterns (256,), indexed by a cell's dots row by row, the first as the lowest bit."""

FINE = 120
"""Font size in pixels before letters are scaled to their final size."""


def dotted(dots: NDArray[np.bool_]) -> list[str]:
    """Lines of braille text for dots (4 * rows, 2 * columns)."""
    return ["".join(map(chr, row)) for row in (BRAILLE + patterns(dots)).tolist()]


def patterns(dots: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Braille patterns (rows, columns), less ``BRAILLE``, of dots (4 * rows, 2 * columns)."""
    rows, columns = dots.shape[0] // 4, dots.shape[1] // 2
    cells = dots.reshape(rows, 4, columns, 2).transpose(0, 2, 1, 3).reshape(rows, columns, 8)
    found: NDArray[np.int64] = PATTERNS[np.packbits(cells, axis=2, bitorder="little")[..., 0]]
    return found


@lru_cache(maxsize=64)
def written_large(word: str, columns: int, rows: int) -> tuple[str, ...]:
    """A word in large braille letters, scaled to fit ``columns`` by ``rows`` cells.

    Returns no lines for a blank word, or one with characters other than printable ASCII.

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
