"""The user's images: decoding, conversion to gray, and resizing."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.readers.files import open_file
from gpunet.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "LARGEST_FILE",
    "LARGEST_SIDE",
    "contrast_image",
    "gray_image",
    "image_size",
    "is_colored",
    "name_of",
    "open_image",
    "prepare_image",
    "resampled",
    "resized",
    "within",
]

logging.getLogger("PIL").addHandler(logging.NullHandler())
"""Pillow's log, kept off standard error: a damaged file raises an error here."""

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO", "JPEG2000")
"""Formats that are decoded: single images by Pillow itself, without running another program."""

LARGEST_FILE = 1 << 29
"""Most bytes of an image file; more than an image of Pillow's largest size takes unpacked."""

LARGEST_SIDE = 1024
"""Pixels of the longer side above which a photograph is shrunk first."""

COARSE_SIDE = 256
"""Pixels of the shorter side of the copy that tells whether an image is mostly bright."""

ROWS = 64  # pixels that are processed at once, so that temporaries stay small

SAMPLED_SIDE = 64
"""Pixels of the longer side of the copy that tells whether an image is colored."""

FAINTEST_COLOR = 32
"""Smallest difference between channels of a colored pixel; below, it is a tinted gray."""

COLORED_PART = 0.005
"""Smallest fraction of colored pixels in an image that counts as colored."""

COLORED = ("RGB", "RGBA", "P", "CMYK", "YCbCr", "LAB", "HSV")
"""Pillow's modes of images that may hold colors."""

BRIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue in a gray level (ITU-R BT.601), as in Pillow."""

DEEP = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
"""Pillow's modes of gray images with more than 8 bits."""

DEPTHS = (1, 255, 65535)
"""Highest levels of fractions or masks, of 8 bits, and of 16 bits."""

FINE_DEPTHS = (1, 255, 1023, 4095, 16383, 65535)
"""Highest levels of 16-bit images, including the smaller depths that cameras use."""

MORE_COLORFUL = 2.0
"""Factor by which colors must vary more than brightness for ink to be found by color."""


def prepare_image(image: Image.Image | Path | bytes, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Prepare an image for a model of gray images: gray, resized to the shape, anti-aliased.

    Args:
        image: of any size and mode, or its file's path or content.
        shape: height and width, in pixels.

    Returns:
        (height * width,) the gray levels, row by row, neither inverted nor stretched.

    Raises:
        DataError: the image cannot be read or is too large.
    """
    height, width = shape
    return np.asarray(resized(gray_image(open_image(image)), width, height)).reshape(-1).copy()


def open_image(image: Image.Image | Path | bytes) -> Image.Image:
    """Decode an image and turn it upright according to its EXIF orientation.

    Raises:
        DataError: the image is missing, damaged, of an unknown format, or larger than Pillow's
            limit against files that unpack to gigabytes.
    """
    from PIL import Image, ImageOps

    with _decoding(name_of(image)):
        if isinstance(image, Image.Image):
            if 0 in image.size:
                raise DataError(f"{name_of(image)} has no pixels; give one that has")
            return ImageOps.exif_transpose(image)
        with _opened(image) as file, Image.open(file, formats=FORMATS) as opened:
            opened.load()
            return ImageOps.exif_transpose(opened)


def image_size(image: Path) -> tuple[int, int]:
    """Width and height of an upright image, from its file's header.

    Raises:
        DataError: as in ``open_image``; only the header is read.
    """
    from PIL import ExifTags, Image

    with (
        _decoding(str(image)),
        _opened(image) as file,
        Image.open(file, formats=FORMATS) as opened,
    ):
        if "exif" not in opened.info and opened.format != "TIFF":
            return opened.size  # searching beyond the header would decode the pixels of a PNG
        is_lying = opened.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
        return opened.size[::-1] if is_lying else opened.size


def is_colored(image: Image.Image) -> bool:
    """Whether an image has colors that would be lost in gray.

    An image of gray pixels is not colored, whatever its mode; a faint tint does not count.
    """
    from PIL import Image

    if image.mode in ("1", "L", "LA", "La", "I", "F") or image.mode.startswith("I;16"):
        return False
    size = (min(image.width, SAMPLED_SIDE), min(image.height, SAMPLED_SIDE))
    sample = image.resize(size, Image.Resampling.NEAREST).convert("RGBA")
    pixels = np.asarray(sample)  # (height, width, 4)
    is_visible = pixels[:, :, 3] > 0
    is_strong = np.ptp(pixels[:, :, :3], axis=2) >= FAINTEST_COLOR
    return bool((is_visible & is_strong).mean() >= COLORED_PART)


def gray_image(image: Image.Image) -> Image.Image:
    """The image in gray levels, mode ``L``.

    Transparent pixels are laid on white, or on black if the opaque part is mostly bright. Levels of
    more than 8 bits are scaled down; 16-bit images always by the same factor.
    """
    from PIL import Image

    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in DEEP:
        return _eight_bits(image, DEPTHS)
    if image.mode == "LAB":
        return image.getchannel("L")
    if image.has_transparency_data:
        return _on_background(image, "L")
    return image.convert("L")


def contrast_image(image: Image.Image) -> Image.Image:
    """The image in the levels that tell ink from paper, mode ``L``: gray, or a color difference.

    If colors vary far more than brightness, as with red ink on green paper, the levels are the
    colors' first principal component. Levels of more than 8 bits are scaled down from the bits in
    use.
    """
    from PIL import Image

    if image.mode in DEEP:
        return _eight_bits(image, FINE_DEPTHS)
    if image.mode not in COLORED:
        return gray_image(image)
    small = _small_in_color(image)
    colors = np.asarray(small, np.float32).reshape(-1, 3)  # (pixels, 3)
    spread, directions = np.linalg.eigh(np.cov(colors, rowvar=False, ddof=0))
    # Along its diagonal, where all three channels agree, a color is sqrt(3) times as long as gray.
    in_color = np.sqrt(max(0.0, float(spread[-1])) / 3)
    if in_color <= MORE_COLORFUL * float((colors @ BRIGHTNESS).std()):
        return gray_image(image)
    towards_bright = np.copysign(1 / np.sqrt(3), directions[:, -1] @ BRIGHTNESS)
    levels = colors @ (directions[:, -1] * towards_bright)
    levels = np.clip(np.rint(levels - levels.min()), 0, 255).astype(np.uint8)
    return Image.fromarray(levels.reshape(small.height, small.width))


def resized(grey: Image.Image, width: int, height: int) -> Image.Image:
    """Resize an image; the same image if it already has that size.

    Shrinking takes the mean over the area of each new pixel, as the grays of MNIST came to be.
    """
    from PIL import Image

    if grey.size == (width, height):
        return grey
    smaller = width <= grey.width and height <= grey.height
    method = Image.Resampling.BOX if smaller else Image.Resampling.BICUBIC
    return resampled(grey, width, height, method)


def resampled(image: Image.Image, width: int, height: int, method: Image.Resampling) -> Image.Image:
    """Resize an image: first the rows, then the columns.

    The order changes results by a gray level, and versions of Pillow differ in it.
    """
    return image.resize((width, image.height), method).resize((width, height), method)


def within(image: Image.Image, side: int) -> Image.Image:
    """The image, shrunk if necessary so that neither side is longer than this."""
    from PIL import Image

    scale = side / max(image.size)
    if scale >= 1:
        return image
    width, height = (max(1, round(pixels * scale)) for pixels in image.size)
    times = int(image.width / width / 2) or 1, int(image.height / height / 2) or 1
    smaller, method = image.reduce(times), Image.Resampling.BICUBIC  # in two steps, for speed
    across, down = image.width / times[0], image.height / times[1]
    rows = smaller.resize((width, smaller.height), method, (0, 0, across, smaller.height))
    return rows.resize((width, height), method, (0, 0, width, down))


@contextmanager
def _decoding(name: str) -> Iterator[None]:
    """Turn errors and warnings of decoders into DataErrors."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd metadata
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except DataError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise DataError(
            f"{name} is too large, at most {(Image.MAX_IMAGE_PIXELS or 0) / 1e6:,.0f} million "
            "pixels are read; scale it down first"
        ) from error
    except UnidentifiedImageError as error:
        raise DataError(f"{name} is no image of a known format; save it as PNG or JPEG") from error
    except Exception as error:  # decoders raise nearly anything on damaged files
        raise DataError(
            f"{name} is cut short or damaged and cannot be decoded; save it again"
        ) from error


def _opened(image: Path | bytes) -> io.BytesIO:
    """Read the file into memory, so that decoders cannot ask for more than it holds."""
    if isinstance(image, bytes):
        content = image
    else:
        with open_file(image) as file:  # one byte more tells a file too large
            content = file.read(min(image.stat().st_size, LARGEST_FILE) + 1)
    if not content:
        raise DataError(f"{name_of(image)} is empty; save it again")
    if len(content) > LARGEST_FILE:
        raise DataError(
            f"{name_of(image)} is larger than {LARGEST_FILE >> 20} MiB; scale it down first"
        )
    return io.BytesIO(content)


def name_of(image: Image.Image | Path | bytes) -> str:
    """The name of an image in messages."""
    return str(image) if isinstance(image, Path) else "the image"


def _eight_bits(image: Image.Image, depths: tuple[int, ...]) -> Image.Image:
    """Scale an image of more than 8 bits to bytes, by the smallest depth that fits its levels."""
    from PIL import Image

    def rows(first: int) -> NDArray[np.float64]:
        box = (0, first, image.width, min(first + ROWS, image.height))
        return np.nan_to_num(np.asarray(image.crop(box), np.float64))  # (rows, width)

    firsts = range(0, image.height, ROWS)
    highest = max(float(rows(first).max()) for first in firsts)
    full = next((depth for depth in depths if highest <= depth), highest)
    levels = np.empty((image.height, image.width), np.uint8)
    for first in firsts:
        levels[first : first + ROWS] = np.clip(np.rint(rows(first) * (255 / full)), 0, 255)
    return Image.fromarray(levels)


def _small_in_color(image: Image.Image) -> Image.Image:
    """The image in RGB, shrunk to the size at which ink is found."""
    if image.mode not in ("RGB", "RGBA", "CMYK"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image = image.reduce(-(-max(image.size) // LARGEST_SIDE))
    return _on_background(image, "RGB") if image.mode == "RGBA" else image.convert("RGB")


def _on_background(image: Image.Image, mode: str) -> Image.Image:
    from PIL import Image

    image = image if image.mode == "RGBA" else image.convert("RGBA")
    coarse = image.reduce(max(1, min(image.size) // COARSE_SIDE))
    pixels = np.asarray(coarse, np.float32)  # (height, width, 4)
    opacity = pixels[:, :, 3]
    brightness = pixels[:, :, :3].mean(axis=2)
    opaque = opacity.sum()
    bright = opaque > 0 and (brightness * opacity).sum() / opaque > 127
    background = Image.new(mode, image.size, "black" if bright else "white")
    background.paste(image.convert(mode), mask=image.getchannel("A"))
    return background
