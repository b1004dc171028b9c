"""The framing of digits in their images: measured on training images, applied to new ones.

MNIST's digits are cropped to their ink, fitted into a box with the aspect ratio kept, and moved so
that the center of mass lies in the middle. A model trained on such images needs drawings framed in
the same way; all other images are taken as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpunet.config import FramingStyle
from gpunet.datasets.dataset import Dataset
from gpunet.datasets.images import (
    contrast_image,
    gray_image,
    name_of,
    open_image,
    resized,
)
from gpunet.datasets.ink import EDGE, FAINTEST_CONTRAST, find_digits
from gpunet.datasets.pixels import levels_of
from gpunet.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["MNIST", "Digit", "Framing", "find_framing", "prepare_digit", "prepare_digits"]

SHAPE = (28, 28)  # pixels, height and width of an MNIST image

BOX = 20 / 28
"""MNIST's box as a fraction of the image's side."""

BOXES = (0.55, 0.78)
"""Bounds of the box as fractions of the image's side; outside are specks and filled images."""

NEARLY_ALL = 0.9
"""Fraction of the training images that must be framed alike."""

LOOKED_AT = 1000
"""Number of training images, spread over all, that are measured."""

FINEST = 64
"""Most pixels of a side; of larger images only every second, third, ... row and column counts."""

FLATTEST = 2.5
"""Largest ratio of a digit's width to its height; a wider figure is a dash."""

FAITHFUL = 64
"""Largest difference in gray levels from the training images at which levels are kept."""


@dataclass(frozen=True, slots=True)
class Framing:
    """MNIST's way to frame a digit, with the measurements of some training images."""

    box: int  # pixels of the longer side of the fitted ink
    paper: int  # the background's gray level, 0 to 255
    ink: int  # the ink's gray level, 0 to 255

    @classmethod
    def usual(cls, shape: tuple[int, int], paper: int = 0) -> Framing:
        """MNIST's own proportions in an image of a given height and width."""
        return cls(max(1, round(BOX * min(shape))), paper, 255 if paper < 128 else 0)

    def frame(self, crop: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
        """Frame a digit in an image (H, W) of this shape.

        Args:
            crop: (h, w) the ink, bright on black, cropped.
            shape: height and width, at least as large as the box.
        """
        return self._leveled(_centered(_fitted(crop, self.box), shape).astype(np.float32) / 255)

    def keep(self, grey: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """The image (H, W) unmoved if it is already framed like this, else ``None``.

        Its levels are kept as well, unless its background or ink differ clearly from the training
        images'; then they are mapped to those.
        """
        seen = _measured(grey[None].astype(np.float32))
        if not _alike(seen, self.box, grey.shape)[0]:
            return None
        paper, ink = float(seen.paper[0]), float(seen.ink[0])
        if abs(paper - self.paper) < FAITHFUL and abs(ink - self.ink) < FAITHFUL:
            return grey
        return self._leveled(np.clip((grey - paper) / (ink - paper), 0, 1))

    def _leveled(self, amount: NDArray[np.floating]) -> NDArray[np.uint8]:
        """Amounts of ink from 0 to 1 as gray levels."""
        levels = np.rint(self.paper + amount * (self.ink - self.paper))
        return np.asarray(levels, np.uint8)


MNIST = Framing.usual(SHAPE)


def find_framing(dataset: Dataset, style: FramingStyle = "auto") -> Framing | None:
    """The framing of the training images; ``None`` if they are not digits framed alike.

    Args:
        dataset: dataset whose training images are measured.
        style: ``mnist`` and ``as-is`` decide it; ``auto`` measures whether in nearly all images the
            ink fills a box of one size and has its center of mass in the middle.
    """
    if dataset.image_shape is None or style == "as-is":
        return None
    height, width = dataset.image_shape
    step = -(-max(height, width) // FINEST)
    seen = _measured(_some_images(dataset)[:, ::step, ::step])
    paper = round(float(np.median(seen.paper)))
    box = float(np.median(seen.longest))
    shape = -(-height // step), -(-width // step)
    framed = height == width and BOXES[0] <= box / shape[0] <= BOXES[1]
    if framed and _alike(seen, box, shape).mean() >= NEARLY_ALL:
        furthest = np.abs(seen.ink - paper).argmax()
        return Framing(min(height, round(box * step)), paper, round(float(seen.ink[furthest])))
    if style == "mnist":
        return Framing.usual(dataset.image_shape, paper=255 if paper > 127 else 0)
    return None


class Digit(NamedTuple):
    """A digit as a model takes it, and its place in the image."""

    pixels: NDArray[np.uint8]
    """(H * W,) the gray levels, row by row."""
    box: tuple[int, int, int, int]
    """Left, top, right and bottom in pixels of the image; right and bottom are exclusive."""


def prepare_digit(
    image: Image.Image | Path | bytes,
    framing: Framing = MNIST,
    shape: tuple[int, int] = SHAPE,
) -> NDArray[np.uint8]:
    """The only digit of an image, framed like the training images; see ``prepare_digits``.

    Returns:
        (H * W,) the gray levels, row by row.

    Raises:
        DataError: as in ``prepare_digits``, or the image shows several digits.
    """
    digits = prepare_digits(image, framing, shape)
    if len(digits) > 1:
        raise DataError(
            f"{name_of(image)} shows {len(digits)} digits, wanted one; `gpunet predict` reads "
            "several, from left to right"
        )
    return digits[0].pixels


def prepare_digits(
    image: Image.Image | Path | bytes,
    framing: Framing = MNIST,
    shape: tuple[int, int] = SHAPE,
) -> list[Digit]:
    """The digits of an image from left to right, each framed like the training images.

    They may have any size, dark on light or light on dark. An image of the right size that is
    already framed keeps its place and size.

    Args:
        image: of any size and mode, or its file's path or content.
        framing: framing of the training images.
        shape: their height and width.

    Raises:
        DataError: the image cannot be read, is too large, or blank, or a figure is a dash.
    """
    opened = open_image(image)
    if opened.size == shape[::-1]:
        kept = framing.keep(np.asarray(gray_image(opened)))
        if kept is not None:
            return [Digit(kept.reshape(-1), (0, 0, *opened.size))]
    grey = np.asarray(contrast_image(opened))
    figures = find_digits(grey)
    if not figures:
        raise DataError(
            f"{name_of(image)} is blank: no ink stands out from its background; "
            "give an image of digits, dark on light or light on dark"
        )
    scale = max(opened.size) / max(grey.shape)
    digits = []
    for figure in figures:
        left, top, right, bottom = (round(scale * edge) for edge in figure.box)
        height, width = figure.ink.shape
        if width > FLATTEST * height:
            raise DataError(
                f"{name_of(image)} shows a dash at ({left}, {top}), {width / height:.1f} times as "
                f"wide as high, wanted digits, at most {FLATTEST} times; crop it to its digits"
            )
        pixels = framing.frame(figure.ink, shape).reshape(-1)
        digits.append(Digit(pixels, (left, top, right, bottom)))
    return digits


class _Measures(NamedTuple):
    """Measurements of n images of one digit each."""

    paper: NDArray[np.float32]  # (n,) level of the background: the median of the border
    ink: NDArray[np.float32]  # (n,) level of the ink: differs most from the background
    longest: NDArray[np.intp]  # (n,) longer side of the ink in pixels; 0 in a blank image
    center: NDArray[np.float64]  # (n, 2) row and column of the ink's center of mass


def _measured(images: NDArray[np.float32]) -> _Measures:
    """Measure images (n, H, W) in gray levels from 0 to 255."""
    count, height, width = images.shape
    sides = images[:, 0], images[:, -1], images[:, 1:-1, 0], images[:, 1:-1, -1]
    paper = np.median(np.concatenate(sides, axis=1), axis=1)  # (n,)
    contrast = images - paper[:, None, None]
    furthest = np.abs(contrast).reshape(count, -1).argmax(axis=1)  # (n,)
    strongest = contrast.reshape(count, -1)[np.arange(count), furthest]
    blank = np.abs(strongest) < FAINTEST_CONTRAST
    amount = contrast / np.where(blank, np.inf, strongest)[:, None, None]
    amount[amount <= EDGE] = 0
    by_row, by_column = amount.sum(axis=2, dtype=np.float64), amount.sum(axis=1, dtype=np.float64)
    mass = np.where(blank, 1, by_row.sum(axis=1))  # (n,)
    row, column = by_row @ np.arange(height) / mass, by_column @ np.arange(width) / mass
    longest = np.maximum(_extent(by_row > 0), _extent(by_column > 0))
    return _Measures(paper, paper + strongest, longest, np.stack([row, column], axis=1))


def _extent(clear: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Distance from the first to the last true value of each row (n, length); 0 without one."""
    span = clear.shape[1] - clear.argmax(axis=1) - clear[:, ::-1].argmax(axis=1)
    return np.where(clear.any(axis=1), span, 0)


def _alike(seen: _Measures, box: float, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which of the images (n,) have ink of the box's size in the middle, to within a pixel.

    The tolerance is a pixel at MNIST's size; it grows with the image.
    """
    pixel = max(1.0, min(shape) / SHAPE[0])
    off_center = np.abs(seen.center - np.array(shape) / 2).max(axis=1)  # (n,)
    return np.asarray((np.abs(seen.longest - box) <= pixel) & (off_center <= pixel), np.bool_)


def _some_images(dataset: Dataset) -> NDArray[np.float32]:
    """Training images (n, H, W) in gray levels from 0 to 255."""
    assert dataset.image_shape is not None
    features = dataset.train.features
    some = features[:: -(-len(features) // LOOKED_AT) or 1].astype(np.float32)
    if features.dtype != np.uint8:
        black, white = levels_of(dataset)
        some = (some - black) * (255 / (white - black))
    return some.reshape(-1, *dataset.image_shape)


def _fitted(crop: NDArray[np.uint8], box: int) -> NDArray[np.uint8]:
    """The ink scaled so that its longer side is as long as the box."""
    from PIL import Image

    height, width = crop.shape
    scale = box / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(resized(Image.fromarray(crop), *size))


def _centered(ink: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """The ink on black, with its center of mass in the middle as far as it fits."""
    (height, width), (field_height, field_width) = ink.shape, shape
    row, column = _center_of_mass(ink)
    top = int(np.clip(round(field_height / 2 - row), 0, field_height - height))
    left = int(np.clip(round(field_width / 2 - column), 0, field_width - width))
    field = np.zeros(shape, np.uint8)
    field[top : top + height, left : left + width] = ink
    return field


def _center_of_mass(ink: NDArray[np.uint8]) -> tuple[float, float]:
    """Row and column of the ink's center of mass."""
    by_row = ink.sum(axis=1, dtype=np.float64)  # (height,)
    by_column = ink.sum(axis=0, dtype=np.float64)  # (width,)
    mass = by_row.sum()
    row = (by_row * np.arange(len(by_row))).sum() / mass
    column = (by_column * np.arange(len(by_column))).sum() / mass
    return float(row), float(column)
