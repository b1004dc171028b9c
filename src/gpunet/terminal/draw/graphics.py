"""Real pixels: images that a terminal paints over blank cells, by one of two protocols.

Owns which protocol a terminal is known for, how an image is written in it, and where it comes to
lie. No terminal is ever asked: its answer would come as if somebody typed it. The colors of an
image belong to ``digits`` and ``weights``, half blocks to them as well.
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
"""Values of TERM. That of xterm says nothing: it paints sixel only if it was started for it."""

PROGRAMS: Mapping[str, Protocol] = {"ghostty": "kitty", "iTerm.app": "sixel", "WezTerm": "sixel"}
"""Values of TERM_PROGRAM. WezTerm knows kitty's protocol, too, but there a picture takes the place
of the one before it (https://github.com/hpjansson/chafa/commit/4bdffef)."""

VT340_CELL = (10, 20)
"""A cell's width and height in pixels where the terminal does not tell: the VT340's, from which
sixel comes."""

CHUNK = 4096
"""Bytes of payload in a command of kitty's protocol, at most."""


@dataclass(frozen=True, slots=True)
class Painter:
    """Writes images for one terminal.

    Args:
        protocol: that the terminal understands.
        cell: a cell's width and height in pixels.
    """

    protocol: Protocol
    cell: tuple[int, int]

    def size(self, columns: int, rows: int) -> tuple[int, int]:
        """Height and width in pixels of so many cells."""
        width, height = self.cell
        return rows * height, columns * width

    def above(self, caption: Block, pixels: NDArray[np.uint8], rows: int) -> Block:
        """A caption and the cells above it that the terminal paints an image over.

        The image is written when its cells are there and blank, at the start of the caption, and
        leaves the cursor where it was: nothing scrolls, and nothing is written over the image.

        Args:
            caption: one line at least; its width is the image's.
            pixels: (height, width, 3) red, green and blue, of the cells' ``size``; 256 colors at
                most.
            rows: of cells.
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
    """What paints images as the setting asks; ``None`` for half blocks.

    A protocol that is named is written wherever the output goes. ``auto`` is careful: a terminal
    that is known for a protocol, and for sixel the library and the size of a cell.

    Args:
        wanted: as the command line has it.
        console: what is painted on.
        environ: the environment; the process's own by default.

    Raises:
        MissingExtraError: sixel is named, and what encodes it is not installed.
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
    """The protocol that the terminal is known for, if a person sits at it and wants colors."""
    if console.no_color or console.is_dumb_terminal or not console.file.isatty():
        return None
    term, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "")
    if term.startswith(("screen", "tmux")) or {"STY", "TMUX", "ZELLIJ"} & environ.keys():
        return None  # they pass on only what they understand
    if term in TERMS:
        return TERMS[term]
    if program:
        return PROGRAMS.get(program)
    return "kitty" if environ.get("KITTY_WINDOW_ID") else None


def _cell(stream: IO[str]) -> tuple[int, int] | None:
    """A cell's width and height in pixels, as the terminal's driver has them; often it has not."""
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
    """The image (height, width, 3) with a palette of just its colors, which loses nothing."""
    height, width, _ = pixels.shape
    palette, places = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    image = Image.frombytes("P", (width, height), places.astype(np.uint8).tobytes())
    image.putpalette(palette.tobytes())
    return image


def _kitty(image: Image.Image, columns: int, rows: int) -> str:
    """The image as PNG, scaled to the cells by the terminal; `q=2` asks for no answer.

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
    """The image as sixel, with all colors defined before the first pixel.

    The library defines a color where it is first used; xterm 379 then paints what stands before
    in wrong colors.
    """
    # Not from a public module: those ask the terminal what it can as soon as they are imported.
    from textual_image._sixel import image_to_sixels

    written = image_to_sixels(image)
    definition = re.compile(r"(#\d+);2;\d+;\d+;\d+")
    definitions = "".join(found.group() for found in definition.finditer(written))
    start = written.index("#")
    return written[:start] + definitions + definition.sub(r"\1", written[start:])


def _unseen(codes: str) -> Segment:
    """Codes that take no cell. Rich drops such where no terminal is, unless they have a style."""
    return Segment(codes, Style(meta={"graphics": True}), [(ControlType.CURSOR_FORWARD, 0)])
