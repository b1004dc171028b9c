"""Draws digits as they appear in scans, photographs and drawing programs."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

__all__ = ["ABREAST", "BLANK", "WAYS", "Across", "Blank", "Way"]

SIDE = 280  # pixels of most images, ten for each of MNIST's
PAPER, INK = 245.0, 40.0  # gray levels

Levels = NDArray[np.float64]
"""Gray levels (height, width) from 0 to 255, or ink from 0 to 1."""

Way = Callable[[NDArray[np.uint8], np.random.Generator], Image.Image]
"""Draws the image of one of MNIST's digits, (28, 28)."""


def _cover(digit: NDArray[np.uint8], side: int = SIDE) -> Levels:
    """The ink (side, side) from 0 to 1 of a digit (28, 28) blown up smoothly."""
    large = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(large, np.float64) / 255


def _written(cover: Levels, paper: Levels | float = PAPER, ink: float = INK) -> Levels:
    return paper * (1 - cover) + ink * cover


def _image(levels: Levels) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(levels), 0, 255).astype(np.uint8))


def _colored(cover: Levels, paper: Sequence[int], ink: Sequence[int]) -> Image.Image:
    share = cover[:, :, np.newaxis]
    colors = np.asarray(paper) * (1 - share) + np.asarray(ink) * share
    return Image.fromarray(np.rint(colors).astype(np.uint8))


def _ramp(first: float, last: float, side: int = SIDE) -> Levels:
    """Light that falls off from left to right, (1, side)."""
    return np.linspace(first, last, side)[np.newaxis]


def _shadow(depth: float, side: int = SIDE, soft: float = 10) -> Levels:
    """The share of light (side, side) under a soft shadow over the lower right."""
    rows, columns = np.mgrid[0:side, 0:side]
    beyond = (columns + 0.55 * rows - 0.95 * side) / soft
    light: Levels = 1 - depth / (1 + np.exp(-np.clip(beyond, -30, 30)))
    return light


def _vignette(side: int = SIDE) -> Levels:
    """The share of light (side, side) of a lens whose corners are dark."""
    rows, columns = np.mgrid[0:side, 0:side] / (side / 2) - 1
    light: Levels = 1 - 0.37 * (rows**2 + columns**2)
    return light


def _noisy(levels: Levels, deviation: float, random: np.random.Generator) -> Levels:
    return levels + random.normal(0, deviation, levels.shape)


def _peppered(levels: Levels, share: float, random: np.random.Generator) -> Levels:
    where = random.random(levels.shape)
    salted = np.where(where < share / 2, 0.0, levels)
    return np.where(where > 1 - share / 2, 255.0, salted)


def _ruled(paper: float, line: float, columns: bool = False, width: int = 1) -> Levels:
    """Paper (280, 280) with lines every 28 pixels, across and if wanted down as well."""
    levels = np.full((SIDE, SIDE), paper)
    for first in range(width):
        levels[14 + first :: 28] = line
        if columns:
            levels[:, 14 + first :: 28] = line
    return levels


def _over(levels: Levels, draw: Callable[[ImageDraw.ImageDraw], None], turn: float = 0) -> Levels:
    """Lines drawn darker over an image, turned by degrees around its middle."""
    lines = Image.new("L", levels.shape[::-1], 255)
    draw(ImageDraw.Draw(lines))
    turned = lines.rotate(turn, Image.Resampling.BICUBIC, fillcolor=255)
    return np.minimum(levels, np.asarray(turned, np.float64))


def _placed(cover: Levels, size: tuple[int, int], at: tuple[int, int]) -> Levels:
    """The ink on a field of a size (height, width), its corner at a row and a column."""
    field = np.zeros(size)
    field[at[0] : at[0] + cover.shape[0], at[1] : at[1] + cover.shape[1]] = cover
    return field


def _tight(cover: Levels) -> Levels:
    """The ink without any margin."""
    clear = cover > 0.2
    rows, columns = (np.flatnonzero(clear.any(axis=axis)) for axis in (1, 0))
    return cover[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _filtered(cover: Levels, kind: ImageFilter.Filter) -> Levels:
    return np.asarray(_image(cover * 255).filter(kind), np.float64) / 255


def _turned(cover: Levels, degrees: float) -> Levels:
    turned = _image(cover * 255).rotate(degrees, Image.Resampling.BICUBIC)
    return np.asarray(turned, np.float64) / 255


def _sheared(cover: Levels, share: float) -> Levels:
    data = (1, share, -share * len(cover) / 2, 0, 1, 0)
    sheared = _image(cover * 255).transform(
        cover.shape[::-1], Image.Transform.AFFINE, data, Image.Resampling.BICUBIC
    )
    return np.asarray(sheared, np.float64) / 255


def _thin(cover: Levels, width: int) -> Levels:
    """The digit redrawn along its middle lines, with a pen of an odd width in pixels."""
    pen = _image(np.where(_middle_lines(cover > 0.5), 255.0, 0.0)).filter(
        ImageFilter.MaxFilter(width)
    )
    return np.asarray(pen, np.float64) / 255


def _middle_lines(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask (height, width) thinned by the method of Zhang and Suen (1984)."""
    field = np.pad(mask, 1)
    around = [(-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)]
    changed = True
    while changed:
        changed = False
        for step in (0, 1):
            near = np.stack([np.roll(field, (-row, -column), (0, 1)) for row, column in around])
            count = near.sum(axis=0)
            begins = (~near & np.roll(near, -1, axis=0)).sum(axis=0)
            up, right, down, left = near[0], near[2], near[4], near[6]
            first = up & right & down if step == 0 else up & right & left
            second = right & down & left if step == 0 else up & down & left
            gone = field & (count >= 2) & (count <= 6) & (begins == 1) & ~first & ~second
            field &= ~gone
            changed |= bool(gone.any())
    return field[1:-1, 1:-1]


def _broken(cover: Levels, width: int) -> Levels:
    """The digit with a gap across its strokes, as if the pen had failed once."""
    rows, columns = np.mgrid[0 : len(cover), 0 : len(cover)]
    away = np.abs(rows + 0.3 * columns - 0.6 * len(cover))
    return np.where(away < width / 2, 0, cover)


def _on_desk(digit: NDArray[np.uint8], desk: float, turn: float) -> Image.Image:
    """A sheet on a darker desk, turned by degrees."""
    sheet = _image(_written(_cover(digit, 200)))
    field = Image.new("L", (SIDE, SIDE), round(desk))
    mask = Image.new("L", sheet.size, 255).rotate(turn, Image.Resampling.BICUBIC)
    field.paste(sheet.rotate(turn, Image.Resampling.BICUBIC), (40, 40), mask)
    return field


def _as_jpeg(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(io.BytesIO(file.getvalue())).copy()


def _transparent(digit: NDArray[np.uint8], level: int) -> Image.Image:
    image = Image.new("LA", (SIDE, SIDE), level)
    image.putalpha(_image(_cover(digit) * 255))
    return image.convert("RGBA")


def _deep(digit: NDArray[np.uint8], full: int) -> Image.Image:
    return Image.fromarray((_cover(digit) * full).astype(np.uint16))


def _rules(line: int, turn: float = 0, width: int = 2) -> Callable[[Levels], Levels]:
    def draw(canvas: ImageDraw.ImageDraw) -> None:
        for row in range(-SIDE, 2 * SIDE, 40):
            canvas.line([(-SIDE, row), (2 * SIDE, row)], fill=line, width=width)

    return lambda levels: _over(levels, draw, turn)


def _boxed(levels: Levels, line: int = 40, margin: int = 12, width: int = 2) -> Levels:
    box = (margin, margin, SIDE - 1 - margin, SIDE - 1 - margin)
    return _over(levels, lambda canvas: canvas.rectangle(box, outline=line, width=width))


def _hair(levels: Levels) -> Levels:
    return _over(levels, lambda canvas: canvas.arc((-60, 20, 14, 270), -80, 80, fill=60, width=2))


def _dust(levels: Levels) -> Levels:
    return _over(levels, lambda canvas: canvas.ellipse((12, 250, 20, 258), fill=50))


def _photographed(levels: Levels, random: np.random.Generator) -> Levels:
    """Light that falls off, a soft shadow and the noise of a sensor at once."""
    side = len(levels)
    light = _ramp(1, 0.7, side) * _shadow(0.25, side, 40)
    return _noisy(levels * light, 8, random)


WAYS: Mapping[str, Way] = {
    "raw": lambda digit, _: Image.fromarray(digit),
    "inverted": lambda digit, _: Image.fromarray(255 - digit),
    "280 pixels on white": lambda digit, _: _image(_written(_cover(digit), 255, 0)),
    "chalk": lambda digit, _: _image(_written(_cover(digit), 35, 230)),
    "red on yellow": lambda digit, _: _colored(_cover(digit), (250, 230, 90), (190, 20, 30)),
    "blue on white": lambda digit, _: _colored(_cover(digit), (250, 250, 250), (30, 50, 190)),
    "yellow on blue": lambda digit, _: _colored(_cover(digit), (20, 30, 120), (250, 230, 90)),
    "red on green": lambda digit, _: _colored(_cover(digit), (0, 120, 0), (236, 0, 0)),
    "sheared": lambda digit, _: _image(_written(_sheared(_cover(digit), 0.25))),
    "JPEG of quality 15": lambda digit, _: _as_jpeg(_image(_written(_cover(digit))), 15),
    "black on alpha": lambda digit, _: _transparent(digit, 0),
    "white on alpha": lambda digit, _: _transparent(digit, 255),
    "16 bits": lambda digit, _: _deep(digit, 65535),
    "12 bits in 16": lambda digit, _: _deep(digit, 4095),
    "faint, 200 on 240": lambda digit, _: _image(_written(_cover(digit), 240, 200)),
    "gradient 235 to 150": lambda digit, _: _image(_written(_cover(digit), _ramp(235, 150))),
    "gradient 235 to 110": lambda digit, _: _image(_written(_cover(digit), _ramp(235, 110))),
    "gradient 240 to 90": lambda digit, _: _image(_written(_cover(digit), _ramp(240, 90))),
    "in a corner": lambda digit, _: _image(
        _written(_placed(_cover(digit, 112), (SIDE, SIDE), (160, 5)))
    ),
    "250 of 4000 x 3000 pixels": lambda digit, random: _image(
        _written(_placed(_cover(digit, 250), (3000, 4000), tuple(random.integers(0, 2700, 2))))
    ),
    "1500 of 4000 x 3000 pixels": lambda digit, _: _image(
        _written(_placed(_cover(digit, 1500), (3000, 4000), (700, 1900)))
    ),
    "cropped tight": lambda digit, _: _image(_written(_tight(_cover(digit)))),
    "cropped tight, thick": lambda digit, _: _image(
        _written(_tight(_filtered(_cover(digit), ImageFilter.MaxFilter(13))))
    ),
    "gradient, shadow and noise": lambda digit, random: _image(
        _photographed(_written(_cover(digit)), random)
    ),
    "gradient, shadow, noise, 600 of 4000 x 3000": lambda digit, random: _image(
        _photographed(_written(_placed(_cover(digit, 600), (3000, 3000), (1100, 900))), random)
    ),
    "shadow": lambda digit, _: _image(_written(_cover(digit), 219 * _shadow(0.315))),
    "deep shadow": lambda digit, _: _image(_written(_cover(digit), 230, 30) * _shadow(0.6)),
    "hard shadow": lambda digit, _: _image(_written(_cover(digit), 230, 30) * _shadow(0.5, soft=1)),
    "chalk under a shadow": lambda digit, _: _image(
        _written(_cover(digit), 90, 240) * _shadow(0.5)
    ),
    "on a dark desk": lambda digit, _: _on_desk(digit, 60, 0),
    "on a dark desk, turned": lambda digit, _: _on_desk(digit, 60, 6),
    "on a grey desk": lambda digit, _: _on_desk(digit, 140, -4),
    "vignette": lambda digit, _: _image(_written(_cover(digit), 235 * _vignette())),
    "noise 10": lambda digit, random: _image(_noisy(_written(_cover(digit)), 10, random)),
    "noise 25": lambda digit, random: _image(_noisy(_written(_cover(digit)), 25, random)),
    "noise 45": lambda digit, random: _image(_noisy(_written(_cover(digit)), 45, random)),
    "salt and pepper 1 %": lambda digit, random: _image(
        _peppered(_written(_cover(digit)), 0.01, random)
    ),
    "salt and pepper 5 %": lambda digit, random: _image(
        _peppered(_written(_cover(digit)), 0.05, random)
    ),
    "ruled 225": lambda digit, _: _image(_written(_cover(digit), _ruled(245, 225))),
    "ruled 170": lambda digit, _: _image(_written(_cover(digit), _ruled(245, 170, width=2))),
    "ruled 120": lambda digit, _: _image(_written(_cover(digit), _ruled(245, 120, width=2))),
    "ruled 120, turned": lambda digit, _: _image(_rules(120, 2)(_written(_cover(digit)))),
    "ruled as dark as the ink": lambda digit, _: _image(_rules(40)(_written(_cover(digit)))),
    "squared 190": lambda digit, _: _image(
        _written(_cover(digit), _ruled(245, 190, columns=True, width=2))
    ),
    "box around": lambda digit, _: _image(_boxed(_written(_cover(digit)))),
    "box around that touches the digit": lambda digit, _: _image(
        _boxed(_written(_cover(digit)), margin=42)
    ),
    "hair at the edge": lambda digit, _: _image(_hair(_written(_cover(digit)))),
    "dust speck": lambda digit, _: _image(_dust(_written(_cover(digit)))),
    "faint pencil and noise": lambda digit, random: _image(
        _noisy(_written(_cover(digit), 240, 200), 4, random)
    ),
    "12 x 12 pixels": lambda digit, _: _image(255 - _cover(digit, 12) * 255),
    "8 x 8 pixels": lambda digit, _: _image(255 - _cover(digit, 8) * 255),
    "strokes of 3 pixels": lambda digit, _: _image(_written(_thin(_cover(digit), 3))),
    "strokes of 1 pixel": lambda digit, _: _image(_written(_thin(_cover(digit), 1))),
    "strokes 6 pixels thicker": lambda digit, _: _image(
        _written(_filtered(_cover(digit), ImageFilter.MaxFilter(7)))
    ),
    "strokes 12 pixels thicker": lambda digit, _: _image(
        _written(_filtered(_cover(digit), ImageFilter.MaxFilter(13)))
    ),
    "blurred by 6 pixels": lambda digit, _: _image(
        _written(_filtered(_cover(digit), ImageFilter.GaussianBlur(6)))
    ),
    "1.8 times as wide": lambda digit, _: _image(_written(_cover(digit))).resize(
        (round(1.8 * SIDE), SIDE)
    ),
    "broken by 8 pixels": lambda digit, _: _image(_written(_broken(_cover(digit), 8))),
    "rotated by 10 degrees": lambda digit, _: _image(_written(_turned(_cover(digit), 10))),
    "rotated by 20 degrees": lambda digit, _: _image(_written(_turned(_cover(digit), 20))),
    "rotated by 30 degrees": lambda digit, _: _image(_written(_turned(_cover(digit), 30))),
    "rotated by 45 degrees": lambda digit, _: _image(_written(_turned(_cover(digit), 45))),
}


Across = Callable[[list[NDArray[np.uint8]], np.random.Generator], Image.Image]
"""Draws one image of several of MNIST's digits."""


def _abreast(digits: list[NDArray[np.uint8]], step: float) -> Levels:
    """The ink of digits side by side, a step in shares of their side apart."""
    places = [round(step * SIDE * number) for number in range(len(digits))]
    field = np.zeros((SIDE, places[-1] + SIDE))
    for left, digit in zip(places, digits, strict=True):
        there = field[:, left : left + SIDE]
        np.maximum(there, _cover(digit), out=there)
    return field


ABREAST: Mapping[str, Across] = {
    "several digits": lambda digits, _: _image(_written(_abreast(digits, 1))),
    "several digits, closer": lambda digits, _: _image(_written(_abreast(digits, 0.8))),
    "several digits, noise 10 and light that falls off": lambda digits, random: _image(
        _noisy(
            _written(_abreast(digits, 0.9))
            * np.linspace(1, 0.5, round(0.9 * SIDE * (len(digits) - 1)) + SIDE),
            10,
            random,
        )
    ),
}

Blank = Callable[[np.random.Generator], Image.Image]
"""Draws an empty sheet."""

EMPTY = np.zeros((SIDE, SIDE))

BLANK: Mapping[str, Blank] = {
    "blank with noise 8": lambda random: _image(_noisy(_written(EMPTY, 220), 8, random)),
    "blank with noise 25": lambda random: _image(_noisy(_written(EMPTY, 220), 25, random)),
    "blank with a gradient": lambda random: _image(
        _written(EMPTY, _ramp(235, float(random.integers(60, 160))))
    ),
    "blank with a shadow": lambda random: _image(
        _written(EMPTY, 220) * _shadow(float(random.uniform(0.1, 0.6)))
    ),
    "blank with everything": lambda random: _image(_photographed(_written(EMPTY), random)),
}
