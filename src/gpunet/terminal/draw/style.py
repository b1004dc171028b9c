"""The look that all screens share: marks, colors and bars.

Owns every color. The other files name a style by its meaning; a console's ``theme`` turns the name
into a color that is readable on the terminal's background, which ``background`` finds out.
Nothing is shown by color alone. Number formats belong to ``formats``.
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
"""A terminal's background."""


class Ink(StrEnum):
    """Text styles by meaning; a console's theme decides how each looks."""

    STRONG = "bold"
    TRAIN = "gpunet.train"
    VALIDATION = "gpunet.validation"
    RIGHT = "gpunet.right"
    WRONG = "gpunet.wrong"
    BEST = "gpunet.best"
    WARNING = "gpunet.warning"
    LABEL = "gpunet.label"
    MUTED = "gpunet.muted"
    LINE = "gpunet.line"  # frames, axes, rules, and the unfilled part of a bar
    TITLE = "gpunet.title"  # a frame's title, which would otherwise take the frame's style
    ZERO = "gpunet.zero"  # zero in pictures of signed values
    PEN = "gpunet.pen"  # the pen on a grayscale picture, the same on any background


RIGHT_SHARE = (Ink.RIGHT, "gpunet.right.many", "gpunet.right.most")
"""Styles for correct predictions, from a small to a large share; distinct even without color."""
WRONG_SHARE = (Ink.WRONG, "gpunet.wrong.many", "gpunet.wrong.most")
"""Styles for wrong predictions, from a small to a large share; distinct even without color."""


Palette = Mapping[str, tuple[str, str, str]]
"""Each style's colors on a dark, a light and an unknown background, in rich's notation."""

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
"""Colors from the 256-color cube and grays, so that they look the same with 256 colors and 24 bits.
On a known background, text has a contrast of at least 4.5, which WCAG 2 requires for text; lines,
and everything on an unknown background, have at least 3, which it requires for graphics."""

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
"""For terminals with sixteen colors: those that contrast most with the background in most palettes.
Bright black is avoided, since in some palettes it is the background itself. Text that must be read
is never dim: in Solarized, dim text has a contrast of only 2."""

PANEL = {"dark": ((228, 228, 228), (18, 18, 18)), "light": ((28, 28, 28), (255, 255, 255))}
"""RGB colors of plain text and of the background in recordings, by theme."""


@dataclass(frozen=True, slots=True)
class SignedScale:
    """Colors of signed values: zero blends into the background, and both ends stand out equally.

    Args:
        below: RGB color, 0 to 255, of values far below zero.
        zero: RGB color of zero.
        above: RGB color of values far above zero.
        numbers: the scale in 256 colors, from below to above, chosen by hand because the nearest
            colors would look blotchy.
    """

    below: tuple[int, int, int]
    zero: tuple[int, int, int]
    above: tuple[int, int, int]
    numbers: tuple[int, ...]

    def color(self, share: float) -> Color:
        """The 24-bit color of a value given as a share of the largest, -1 to 1."""
        end = self.below if share < 0 else self.above
        mixed = (zero + abs(share) * (one - zero) for zero, one in zip(self.zero, end, strict=True))
        return Color.from_rgb(*map(round, mixed))

    def colors(self, truecolor: bool) -> tuple[Color, ...]:
        """The colors that cells use, from below zero to above it: an odd number."""
        if not truecolor:
            return tuple(map(Color.from_ansi, self.numbers))
        return tuple(self.color(step / LEVELS) for step in range(-LEVELS, LEVELS + 1))


LEVELS = 12
"""Color steps on either side of zero in 24-bit color."""

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
"""The scales by background; an unknown one gets the dark scale, as images are bright on black too.
Ends of the light scale: Moreland, "Diverging Color Maps for Scientific Visualization", 2009.
"""

GREYS = tuple(Color.from_ansi(232 + level) for level in range(24))
"""Colors from black to white: the grays of the 256-color palette, whose codes are short."""


def theme(background: Background, *, sixteen: bool = False) -> Theme:
    """The theme for a background: the look of every style, including rich's bars and spinners.

    With ``sixteen``, only the terminal's own sixteen colors are used.
    """
    column = ("dark", "light", "unknown").index(background)
    inks = {name: row[column] for name, row in (SIXTEEN if sixteen else PALETTE).items()}
    inks |= {Ink.BEST: f"bold {inks[Ink.RIGHT]}", Ink.WARNING: f"bold {inks[Ink.WARNING]}"}
    for few, many, most in (RIGHT_SHARE, WRONG_SHARE):
        inks |= {many: f"bold {inks[few]}", most: f"bold reverse {inks[few]}"}
    inks |= dict.fromkeys(
        ("bar.complete", "bar.finished", "bar.pulse", "status.spinner"), inks[Ink.TRAIN]
    )
    # "not dim", as a dim line may contain text in another style.
    full: dict[str, str | Style] = {name: f"not dim {color}" for name, color in inks.items()}
    full |= {"bar.back": full[Ink.LINE], "progress.percentage": full[Ink.MUTED]}
    zero = SIGNED.get(background, SIGNED["dark"]).color(0)
    return Theme(full | {Ink.TITLE: "bold not dim default", Ink.ZERO: Style(color=zero)})


def signed_scale(console: Console) -> SignedScale:
    """The color scale for signed values on the console's background."""
    zero = console.get_style(Ink.ZERO).color
    return next(scale for scale in SIGNED.values() if scale.color(0) == zero)


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The marks in one character set; the defaults are Unicode."""

    right: str = "✓"  # beside a correct prediction
    wrong: str = "✗"  # beside a wrong one
    best: str = "★"  # beside the best epoch
    filled: str = "━"  # a filled cell of a bar
    half: str = "╸"  # a half-filled cell of a bar
    empty: str = "─"  # an empty cell of a bar
    separator: str = "·"  # between two short statements on one line
    ellipsis: str = "…"  # where a text was cut
    margin: str = "±"  # between a figure and its margin of error
    arrow: str = "→"  # from a label to a prediction
    axis: str = "│"  # one cell of a chart's vertical axis
    tick: str = "┤"  # one cell of that axis beside a label
    nothing: str = "–"  # noqa: RUF001 - a dash, in place of a missing value
    shades: str = " ░▒▓█"  # from an empty cell to a full one
    levels: str = "▁▂▃▄▅▆▇█"  # from the lowest to the highest point of a small curve
    line: str = "⣀⠤⠒⠉"  # the same, but as a thin line


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
    """A horizontal bar of ``width`` cells, filled from the left in steps of half a cell."""
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
    """A small curve on one line, one value per cell.

    If there are more values than cells, each cell shows the last value of its part. The values
    must be finite; those beyond ``bounds`` are clipped.
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
