"""Real pixels: images that a terminal paints over blank cells, with the kitty or sixel protocol.

Owns which terminals support which protocol, how images are encoded, and where they are placed.
The terminal is never asked, since its reply would arrive as if it were typed. Image colors and
half blocks belong to ``digits`` and ``weights``.
"""

from __future__ import annotations

import io
import os
import re
import struct
import sys
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.segment import ControlType, Segment
from rich.style import Style

from gpunet.config import Graphics
from gpunet.errors import MissingExtraError, spelled
from gpunet.terminal.draw.block import Block, stack

__all__ = ["Painter", "Protocol", "choose_painter"]

Protocol = Literal["kitty", "sixel"]

TERMS: Mapping[str, Protocol] = {
    "xterm-kitty": "kitty",
    "xterm-ghostty": "kitty",
    "foot": "sixel",
    "foot-extra": "sixel",
    "mlterm": "sixel",
}
"""Protocols by TERM. xterm's is missing: xterm paints sixel only if it was started for it."""

PROGRAMS: Mapping[str, Protocol] = {"ghostty": "kitty", "iTerm.app": "sixel", "WezTerm": "sixel"}
"""Protocols by TERM_PROGRAM. WezTerm supports kitty's protocol too, but there each picture replaces
the one before it (https://github.com/hpjansson/chafa/commit/4bdffef)."""

VT340_CELL = (10, 20)
"""A cell's width and height in pixels if the terminal does not report it: that of the VT340, the
terminal that introduced sixel."""

CHUNK = 4096
"""Maximum payload of a kitty protocol command, in bytes."""


@dataclass(frozen=True, slots=True)
class Painter:
    """Writes images for one terminal.

    Args:
        protocol: the protocol that the terminal supports.
        cell: a cell's width and height in pixels.
    """

    protocol: Protocol
    cell: tuple[int, int]

    def size(self, columns: int, rows: int) -> tuple[int, int]:
        """Height and width in pixels of ``columns`` by ``rows`` cells."""
        width, height = self.cell
        return rows * height, columns * width

    def above(self, caption: Block, pixels: NDArray[np.uint8], rows: int) -> Block:
        """An image above a caption, as a block of blank cells that the terminal paints over.

        The image's codes stand at the start of the caption, so its cells are already there and
        blank when it is painted. They leave the cursor where it was: nothing scrolls, and no text
        overwrites the image.

        Args:
            caption: at least one line; the image is as wide as the caption.
            pixels: RGB pixels (height, width, 3) of the cells' ``size``, at most 256 colors.
            rows: the image's height in cells.
        """
        width, image = caption.width, _paletted(pixels)
        written = _kitty(image, width, rows) if self.protocol == "kitty" else _sixel(image)
        first, *others = caption.lines
        painted = [_unseen(f"\x1b7\x1b[{rows}A{written}\x1b8"), *first]
        blank = Block(width, []).shaped(width, rows)
        return stack([blank, Block(width, [painted, *others])], width)


def choose_painter(
    wanted: Graphics, console: Console, environ: Mapping[str, str] | None = None
) -> Painter | None:
    """The painter for a graphics setting; ``None`` for half blocks.

    A protocol named by the user is always written, wherever the output goes. ``auto`` chooses one
    only in a terminal known to support it; sixel also needs its library and a known cell size.

    Args:
        wanted: the setting from the command line.
        console: where images are painted.
        environ: the environment; the process's own by default.

    Raises:
        MissingExtraError: sixel is wanted, but its encoder is not installed.
    """
    if wanted == "sixel" and not _encodes_sixel():
        raise MissingExtraError(spelled("graphics", "sixel"), "textual-image", "graphics")
    if wanted == "blocks":
        return None
    cell = _cell(console.file)
    if wanted != "auto":
        return Painter(wanted, cell or VT340_CELL)
    protocol = _known(console, os.environ if environ is None else environ)
    if protocol is None or (protocol == "sixel" and not (cell and _encodes_sixel())):
        return None
    return Painter(protocol, cell or VT340_CELL)


def _encodes_sixel() -> bool:
    try:
        import textual_image._sixel  # noqa: F401
    except ImportError:
        return False
    return True


def _known(console: Console, environ: Mapping[str, str]) -> Protocol | None:
    """The protocol that an interactive terminal is known to support, unless colors are off."""
    if console.no_color or console.is_dumb_terminal or not console.file.isatty():
        return None
    term, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "")
    if term.startswith(("screen", "tmux")) or {"STY", "TMUX", "ZELLIJ"} & environ.keys():
        return None  # multiplexers pass on only the codes that they understand
    if term in TERMS:
        return TERMS[term]
    if program:
        return PROGRAMS.get(program)
    return "kitty" if environ.get("KITTY_WINDOW_ID") else None


def _cell(stream: IO[str]) -> tuple[int, int] | None:
    """A cell's width and height in pixels from the terminal's driver, which often lacks them."""
    if sys.platform == "win32":
        return None
    import fcntl
    import termios

    try:
        answer = fcntl.ioctl(stream.fileno(), termios.TIOCGWINSZ, bytes(8))
    except (OSError, ValueError):  # no terminal, or not even a file
        return None
    rows, columns, width, height = struct.unpack("4H", answer)
    if not (rows and columns and width >= columns and height >= rows):
        return None
    return width // columns, height // rows


def _paletted(pixels: NDArray[np.uint8]) -> Image.Image:
    """The RGB image (height, width, 3) with a palette of exactly its colors; lossless."""
    height, width, _ = pixels.shape
    palette, places = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    image = Image.frombytes("P", (width, height), places.astype(np.uint8).tobytes())
    image.putpalette(palette.tobytes())
    return image


def _kitty(image: Image.Image, columns: int, rows: int) -> str:
    """Kitty codes for the image as a PNG, which the terminal scales to the cells.

    ``q=2`` suppresses the terminal's reply.

    See https://sw.kovidgoyal.net/kitty/graphics-protocol/.
    """
    png = io.BytesIO()
    image.save(png, "PNG")
    payload = b64encode(png.getvalue()).decode("ascii")
    control = f"a=T,f=100,c={columns},r={rows},C=1,q=2,"
    commands = []
    for start in range(0, len(payload), CHUNK):
        more = int(start + CHUNK < len(payload))
        commands.append(f"\x1b_G{control}m={more};{payload[start : start + CHUNK]}\x1b\\")
        control = ""
    return "".join(commands)


def _sixel(image: Image.Image) -> str:
    """The image as sixel codes, with all colors defined before the first pixel.

    The library defines each color at its first use, which makes xterm 379 paint earlier pixels in
    wrong colors.
    """
    # A private module, because the public ones query the terminal as soon as they are imported.
    from textual_image._sixel import image_to_sixels

    written = image_to_sixels(image)
    definition = re.compile(r"(#\d+);2;\d+;\d+;\d+")
    definitions = "".join(found.group() for found in definition.finditer(written))
    start = written.index("#")
    return written[:start] + definitions + definition.sub(r"\1", written[start:])


def _unseen(codes: str) -> Segment:
    """A segment of codes that take no cell; its style keeps rich from dropping it in a file."""
    return Segment(codes, Style(meta={"graphics": True}), [(ControlType.CURSOR_FORWARD, 0)])
