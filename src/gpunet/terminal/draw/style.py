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
from rich.console import Console
from rich.style import Style
from rich.text import Text
from rich.theme import Theme

__all__ = [
    "ASCII",
    "GREYS",
    "PANEL",
    "RIGHT_SHARE",
    "SIGNED",
    "UNICODE",
    "WRONG_SHARE",
    "Background",
    "Glyphs",
    "Ink",
    "SignedScale",
    "bar",
    "glyphs",
    "signed_scale",
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
    LINE = "gpunet.line"  # frames, axes, rules, and the part of a bar that is still to come
    TITLE = "gpunet.title"  # in a frame, whose style it would take
    ZERO = "gpunet.zero"  # in pictures of signed values
    PEN = "gpunet.pen"  # on a picture in greys, which is the same on any background


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
    Ink.LABEL: ("#af87ff", "#8700af", "#875fff"),
    Ink.WARNING: ("#ffd75f", "#875f00", "#d75f00"),
    Ink.MUTED: ("color(247)", "#626262", "color(244)"),
    Ink.LINE: ("color(244)", "color(244)", "color(244)"),
    Ink.PEN: ("#d75f00", "#d75f00", "#d75f00"),
}
"""Colors of the cube and the greys that 256 colors consist of, so that they look alike there and
in 24 bits. On a known background a contrast of 4.5 at least, as WCAG 2 wants for text; of 3, as it
wants for graphics, on an unknown one and of lines."""

SIXTEEN: Palette = {
    Ink.TRAIN: ("cyan", "blue", "bright_blue"),
    Ink.VALIDATION: ("yellow", "magenta", "bright_magenta"),
    Ink.RIGHT: ("green", "blue", "bright_blue"),
    Ink.WRONG: ("bright_red", "red", "bright_red"),
    Ink.LABEL: ("bright_blue", "blue", "bright_blue"),
    Ink.WARNING: ("yellow", "magenta", "bright_magenta"),
    Ink.MUTED: ("default", "default", "default"),
    Ink.LINE: ("dim default", "dim default", "dim default"),
    Ink.PEN: ("yellow", "magenta", "bright_magenta"),
}
"""Where there are but the terminal's own sixteen colors: those that are the furthest from the
background in most palettes. Bright black is none: in some it is the background itself. Nor is
anything dim that must be read: in Solarized a contrast of 2 is left of it."""

PANEL = {"dark": ((228, 228, 228), (18, 18, 18)), "light": ((28, 28, 28), (255, 255, 255))}
"""Red, green, blue of plain text and of what is behind it, where a screen is drawn as a picture."""


@dataclass(frozen=True, slots=True)
class SignedScale:
    """Colors of signed values. Zero recedes into the background, and both ends stand out equally.

    Args:
        below: red, green, blue of what is far below zero, 0 to 255.
        zero: of zero.
        above: of what is far above it.
        numbers: the scale among 256 colors, from below to above; the nearest would be blotchy.
    """

    below: tuple[int, int, int]
    zero: tuple[int, int, int]
    above: tuple[int, int, int]
    numbers: tuple[int, ...]

    def color(self, share: float) -> Color:
        """The color of a share of the largest value, -1 to 1, in 24 bits."""
        end = self.below if share < 0 else self.above
        mixed = (zero + abs(share) * (one - zero) for zero, one in zip(self.zero, end, strict=True))
        return Color.from_rgb(*map(round, mixed))

    def colors(self, truecolor: bool) -> tuple[Color, ...]:
        """All colors in cells, from below zero to above it: an odd number."""
        if not truecolor:
            return tuple(map(Color.from_ansi, self.numbers))
        return tuple(self.color(step / LEVELS) for step in range(-LEVELS, LEVELS + 1))


LEVELS = 12
"""Steps of color on either side of zero in 24 bits."""

SIGNED = {
    "dark": SignedScale(
        (95, 155, 255),
        (28, 28, 28),
        (255, 95, 75),
        (75, 69, 63, 25, 19, 17, 234, 234, 234, 52, 88, 124, 167, 203, 210),
    ),
    "light": SignedScale(
        (59, 76, 192),
        (238, 238, 238),
        (180, 4, 38),
        (19, 20, 61, 62, 104, 146, 189, 255, 224, 181, 174, 167, 160, 124, 88),
    ),
}
"""The scales by background; the dark one where it is unknown, as images are bright on black, too.
The ends on a light background: Moreland, "Diverging Color Maps for Scientific Visualization", 2009.
"""

GREYS = tuple(Color.from_ansi(232 + level) for level in range(24))
"""Colors from black to white: the greys of the 256, whose codes are short."""


def theme(background: Background, *, sixteen: bool = False) -> Theme:
    """What the styles' names mean on a background; rich's own bars and spinners included.

    With ``sixteen`` none but the terminal's own sixteen colors are taken.
    """
    column = ("dark", "light", "unknown").index(background)
    inks = {name: row[column] for name, row in (SIXTEEN if sixteen else PALETTE).items()}
    inks |= {Ink.BEST: f"bold {inks[Ink.RIGHT]}", Ink.WARNING: f"bold {inks[Ink.WARNING]}"}
    for few, many, most in (RIGHT_SHARE, WRONG_SHARE):
        inks |= {many: f"bold {inks[few]}", most: f"bold reverse {inks[few]}"}
    inks |= dict.fromkeys(
        ("bar.complete", "bar.finished", "bar.pulse", "status.spinner"), inks[Ink.TRAIN]
    )
    # A line of one style may hold some text of another.
    full: dict[str, str | Style] = {name: f"not dim {color}" for name, color in inks.items()}
    full |= {"bar.back": full[Ink.LINE], "progress.percentage": full[Ink.MUTED]}
    zero = SIGNED.get(background, SIGNED["dark"]).color(0)
    return Theme(full | {Ink.TITLE: "bold not dim default", Ink.ZERO: Style(color=zero)})


def signed_scale(console: Console) -> SignedScale:
    """The colors of signed values on the console's background."""
    zero = console.get_style(Ink.ZERO).color
    return next(scale for scale in SIGNED.values() if scale.color(0) == zero)


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
    text.append(marks.empty * (width - filled - half), Ink.LINE)
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
