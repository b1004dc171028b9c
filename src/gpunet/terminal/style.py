"""How things look: the marks, the colours, and the bars that every part of the terminal shares.

Colours are the terminal's own sixteen, so that light and dark themes both stay readable; nothing
is told by colour alone. How numbers are written belongs to ``figures``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

__all__ = [
    "ASCII",
    "BEST",
    "LABEL",
    "MUTED",
    "RIGHT",
    "STRONG",
    "TRAIN",
    "UNICODE",
    "VALIDATION",
    "WARNING",
    "WRONG",
    "Glyphs",
    "bar",
    "glyphs",
    "sparkline",
]

TRAIN = "cyan"
VALIDATION = "yellow"
RIGHT = "green"
WRONG = "red"
BEST = "bold green"
WARNING = "bold yellow"
STRONG = "bold"
MUTED = "bright_black"
LABEL = "blue"


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The marks of one character set.

    Args:
        right: beside a correct prediction.
        wrong: beside a wrong one.
        best: beside the best epoch.
        filled: one cell of a bar that is done.
        half: the cell of a bar where the done part ends.
        empty: one cell of a bar that is still to come.
        separator: between two short statements on one line.
        ellipsis: where a text was cut.
        arrow: from a label to a prediction.
        axis: one cell of a chart's vertical axis.
        tick: the same where a label stands.
        nothing: in place of a figure that is not there.
        shades: from an empty cell to a full one.
        levels: from the lowest to the highest point of a small curve.
    """

    right: str
    wrong: str
    best: str
    filled: str
    half: str
    empty: str
    separator: str
    ellipsis: str
    arrow: str
    axis: str
    tick: str
    nothing: str
    shades: str
    levels: str


UNICODE = Glyphs(
    right="✓",
    wrong="✗",
    best="★",
    filled="━",
    half="╸",
    empty="─",
    separator="·",
    ellipsis="…",
    arrow="→",
    axis="│",
    tick="┤",
    nothing="–",  # noqa: RUF001 - a dash is meant
    shades=" ░▒▓█",
    levels="▁▂▃▄▅▆▇█",
)

ASCII = Glyphs(
    right="ok",
    wrong="NO",
    best="*",
    filled="#",
    half="#",
    empty="-",
    separator="|",
    ellipsis="~",
    arrow="->",
    axis="|",
    tick="+",
    nothing="-",
    shades=" .:-=+*#%@",
    levels="_.-=^",
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
    text.append(marks.empty * (width - filled - half), MUTED)
    return text


def sparkline(
    values: Sequence[float], bounds: tuple[float, float], width: int, style: str, ascii_only: bool
) -> Text:
    """A small curve on one line: one cell for each value, or the last of each part if too many.

    Args:
        values: finite.
        bounds: drawn lowest and highest; what lies beyond is drawn there.
        width: in cells, at most.
        style: of the curve.
        ascii_only: which marks a console can show.
    """
    levels = glyphs(ascii_only).levels
    low, high = bounds
    if len(values) > width:
        values = [values[(place + 1) * len(values) // width - 1] for place in range(width)]
    text = Text(style=style)
    for value in values:
        share = (min(max(value, low), high) - low) / (high - low) if high > low else 0.0
        text.append(levels[round(share * (len(levels) - 1))])
    return text
