"""How things look: the marks, the colors, and the bars that every part of the terminal shares.

Owns every color. The other files name a style by what it means; a console's ``theme`` turns the
name into a color that can be read on the terminal's background, which ``background`` asks for.
Nothing is shown by color alone. How numbers are written belongs to ``formats``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from rich.color import Color
from rich.text import Text
from rich.theme import Theme

__all__ = [
    "ABOVE_ZERO",
    "ASCII",
    "BELOW_ZERO",
    "GREYS",
    "PANEL",
    "RIGHT_SHARE",
    "SIGNED",
    "SIGNED_256",
    "UNICODE",
    "WRONG_SHARE",
    "ZERO",
    "Background",
    "Glyphs",
    "Ink",
    "bar",
    "glyphs",
    "sparkline",
    "theme",
]

Background = Literal["dark", "light", "unknown"]
"""What a terminal draws on."""


class Ink(StrEnum):
    """What a text's style means; the theme of a console says how it looks."""

    STRONG = "bold"
    TRAIN = "gpunet.train"
    VALIDATION = "gpunet.validation"
    RIGHT = "gpunet.right"
    WRONG = "gpunet.wrong"
    BEST = "gpunet.best"
    WARNING = "gpunet.warning"
    LABEL = "gpunet.label"
    MUTED = "gpunet.muted"


RIGHT_SHARE = (Ink.RIGHT, "gpunet.right.many", "gpunet.right.most")
"""Styles from a small share that is right to a large one; they differ without color, too."""
WRONG_SHARE = (Ink.WRONG, "gpunet.wrong.many", "gpunet.wrong.most")
"""Styles from a small share that is wrong to a large one."""


Palette = Mapping[str, tuple[str, str, str]]
"""The colors of styles on a dark, a light and an unknown background, each as rich writes it."""

PALETTE: Palette = {
    Ink.TRAIN: ("#5fd7ff", "#005faf", "#0087d7"),
    Ink.VALIDATION: ("#ffaf00", "#875f00", "#d75f00"),
    Ink.RIGHT: ("#87d75f", "#005f00", "#5f875f"),
    Ink.WRONG: ("#ff8787", "#af0000", "#d75f5f"),
    Ink.LABEL: ("#87afff", "#5f5faf", "#875fff"),
    Ink.WARNING: ("#ffd75f", "#875f00", "#d75f00"),
    Ink.MUTED: ("color(247)", "#626262", "dim default"),
}
"""Colors of the cube and the greys that 256 colors consist of, so that they look alike there and
in 24 bits. On a known background a contrast of 4.5 at least, as WCAG 2 wants for text."""

SIXTEEN: Palette = {
    Ink.TRAIN: ("cyan", "blue", "bright_blue"),
    Ink.VALIDATION: ("yellow", "magenta", "bright_magenta"),
    Ink.RIGHT: ("green", "blue", "bright_blue"),
    Ink.WRONG: ("bright_red", "red", "bright_red"),
    Ink.LABEL: ("bright_blue", "blue", "bright_blue"),
    Ink.WARNING: ("yellow", "magenta", "bright_magenta"),
    Ink.MUTED: ("dim default", "dim default", "dim default"),
}
"""Where there are but the terminal's own sixteen colors: those that are the furthest from the
background in most palettes. Bright black is none: in some it is the background itself."""

PANEL = {"dark": ((228, 228, 228), (18, 18, 18)), "light": ((28, 28, 28), (255, 255, 255))}
"""Red, green, blue of plain text and of what is behind it, where a screen is drawn as a picture."""

BELOW_ZERO, ZERO, ABOVE_ZERO = (59, 76, 192), (221, 221, 221), (180, 4, 38)
"""Red, green, blue at both ends and in the middle, 0 to 255: Moreland, "Diverging Color Maps for
Scientific Visualization", 2009."""

SIGNED_256 = tuple(
    Color.from_ansi(number)
    for number in (19, 20, 21, 63, 105, 147, 189, 255, 224, 217, 210, 203, 196, 160, 124)
)
"""Colors from below zero to above it among the 256, none of which is between the others in hue."""

GREYS = tuple(Color.from_ansi(232 + level) for level in range(24))
"""Colors from black to white: the greys of the 256, whose codes are short."""


def _signed(levels: int) -> tuple[Color, ...]:
    """Colors from below zero to above it in so many steps on either side."""
    colors = []
    for level in range(-levels, levels + 1):
        end, share = (BELOW_ZERO if level < 0 else ABOVE_ZERO), abs(level) / levels
        colors.append(
            Color.from_rgb(*(round(a + share * (b - a)) for a, b in zip(ZERO, end, strict=True)))
        )
    return tuple(colors)


SIGNED = _signed(12)
"""Colors from below zero to above it in 24 bits."""


def theme(background: Background, *, sixteen: bool = False) -> Theme:
    """What the styles' names mean on a background; rich's own bars and spinners included.

    With ``sixteen`` none but the terminal's own sixteen colors are taken.
    """
    column = ("dark", "light", "unknown").index(background)
    inks = {name: row[column] for name, row in (SIXTEEN if sixteen else PALETTE).items()}
    muted = inks.pop(Ink.MUTED)
    inks |= {Ink.BEST: f"bold {inks[Ink.RIGHT]}", Ink.WARNING: f"bold {inks[Ink.WARNING]}"}
    for few, many, most in (RIGHT_SHARE, WRONG_SHARE):
        inks |= {many: f"bold {inks[few]}", most: f"bold reverse {inks[few]}"}
    inks |= dict.fromkeys(
        ("bar.complete", "bar.finished", "bar.pulse", "status.spinner"), inks[Ink.TRAIN]
    )
    # A line of muted text may hold some that is not.
    full = {name: f"not dim {color}" for name, color in inks.items()}
    return Theme(full | dict.fromkeys((Ink.MUTED, "bar.back", "progress.percentage"), muted))


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The marks of one character set, Unicode's unless said otherwise."""

    right: str = "✓"  # beside a correct prediction
    wrong: str = "✗"  # beside a wrong one
    best: str = "★"  # beside the best epoch
    filled: str = "━"  # one cell of a bar that is done
    half: str = "╸"  # the cell of a bar where the done part ends
    empty: str = "─"  # one cell of a bar that is still to come
    separator: str = "·"  # between two short statements on one line
    ellipsis: str = "…"  # where a text was cut
    margin: str = "±"  # between a figure and how far it may be off
    arrow: str = "→"  # from a label to a prediction
    axis: str = "│"  # one cell of a chart's vertical axis
    tick: str = "┤"  # one cell of that axis where a label stands
    nothing: str = "–"  # noqa: RUF001 - a dash, in place of a value that is missing
    shades: str = " ░▒▓█"  # from an empty cell to a full one
    levels: str = "▁▂▃▄▅▆▇█"  # from the lowest to the highest point of a small curve
    line: str = "⣀⠤⠒⠉"  # the same as a thin line


UNICODE = Glyphs()

ASCII = Glyphs(
    right="ok",
    wrong="NO",
    best="*",
    filled="#",
    half="#",
    empty="-",
    separator="|",
    ellipsis="~",
    margin="+/-",
    arrow="->",
    axis="|",
    tick="+",
    nothing="-",
    shades=" .:-=+*#%@",
    levels="_.-=^",
    line="_.-=^",
)


def glyphs(ascii_only: bool) -> Glyphs:
    """The marks that a console can show."""
    return ASCII if ascii_only else UNICODE


def bar(fraction: float, width: int, style: str, ascii_only: bool) -> Text:
    """A horizontal bar of ``width`` cells, filled from the left, to half a cell."""
    marks = glyphs(ascii_only)
    halves = round(min(max(fraction, 0.0), 1.0) * width * 2)
    filled, half = divmod(halves, 2)
    text = Text()
    text.append(marks.filled * filled + marks.half * half, style)
    text.append(marks.empty * (width - filled - half), Ink.MUTED)
    return text


def sparkline(
    values: Sequence[float], bounds: tuple[float, float], width: int, style: str, ascii_only: bool
) -> Text:
    """A small curve on one line: one cell for each value, or the last of each part if too many.

    The values are finite; those beyond the bounds are drawn there.
    """
    levels = glyphs(ascii_only).levels
    low, high = bounds
    if len(values) > width:
        values = [values[(index + 1) * len(values) // width - 1] for index in range(width)]
    text = Text(style=style)
    for value in values:
        share = (min(max(value, low), high) - low) / (high - low) if high > low else 0.0
        text.append(levels[round(share * (len(levels) - 1))])
    return text
