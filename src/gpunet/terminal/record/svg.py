"""A recording as one animated SVG file, without scripts, fonts or other files.

All characters that appear and disappear at the same time form one group, which CSS shows for that
time. So the file contains changes, not every frame. Groups with the same duration share a CSS
rule, and so do groups with the same start.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby

from rich.cells import cell_len

from gpunet.config import Theme
from gpunet.terminal.draw.style import PANEL
from gpunet.terminal.record.cells import RGB, Cell, cells_of, hexadecimal
from gpunet.terminal.record.recording import Recording, backgrounds
from gpunet.terminal.record.shapes import Shape, shape_of

__all__ = ["svg"]

WIDTH, HEIGHT = 8, 16
"""Size of a cell in SVG units, chosen so that dots and most blocks lie on whole units."""

SCALE = 9 / 8
"""Pixels per SVG unit when the picture is shown in its original size."""

MARGIN, BASELINE, FONT_SIZE, DOT = 10, 12, 13.3, 2.9
"""Margin, baseline below a cell's top, font size and diameter of a dot, in SVG units."""

FONTS = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"

TICK = 0.01
"""Time step in seconds, to which all times are rounded."""

WORDS = re.compile(r"\S+(?: \S+)*")

Looks = tuple[Cell, ...]
"""A cell as it is drawn on each background; empty for a blank cell."""

Span = tuple[int, int]
"""The tick at which something appears, and the tick at which it disappears."""

Place = tuple[int, int]
"""A row and a column."""


def svg(recording: Recording, theme: Theme = "auto") -> str:
    """The recording as the text of an SVG file.

    Args:
        recording: the recording to write.
        theme: the colors; ``auto`` follows the reader's system setting, dark or light.
    """
    columns, rows = recording.size
    width, height = columns * WIDTH + 2 * MARGIN, rows * HEIGHT + 2 * MARGIN
    ticks = max(1, round(recording.seconds / TICK))
    spans = _spans(recording, theme, ticks)
    colors = _Colors()
    body = "".join(
        f"<g{_classes(span, ticks)}>{''.join(_drawn(cells, colors))}</g>"
        for span, cells in sorted(spans.items())
    )
    title = escape(recording.title)
    style = _look_rules(theme, colors) + _time_rules(spans, ticks)
    corner = f'x="{-MARGIN}" y="{-MARGIN}" rx="8"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * SCALE:g}" '
        f'height="{height * SCALE:g}" viewBox="{-MARGIN} {-MARGIN} {width} {height}" role="img">'
        f"<title>{title}</title><style>{style}</style>"
        f'<rect {corner} width="{width}" height="{height}" class="p"/>{body}</svg>\n'
    )


def _spans(recording: Recording, theme: Theme, ticks: int) -> dict[Span, dict[Place, Looks]]:
    """The visible cells, grouped by the span of time for which they are shown."""
    grounds = backgrounds(theme)
    drawn = [recording.blocks(ground, colors=theme != "mono") for ground in grounds]
    spans: dict[Span, dict[Place, Looks]] = defaultdict(dict)
    shown: dict[Place, tuple[int, Looks]] = {}
    for (seconds, _), *blocks in zip(recording.frames, *drawn, strict=True):
        begin = round(seconds / TICK)
        frame = [cells_of(block, ground) for block, ground in zip(blocks, grounds, strict=True)]
        for row, lines in enumerate(zip(*frame, strict=True)):
            for column, looks in enumerate(zip(*lines, strict=True)):
                now = looks if _is_seen(looks[0]) else ()
                since, before = shown.get((row, column), (begin, ()))
                if before == now:
                    continue
                if before and since < begin:
                    spans[since, begin][row, column] = before
                shown[row, column] = begin, now
    for place, (since, looks) in shown.items():
        if looks:
            spans[since, ticks][place] = looks
    return spans


def _is_seen(cell: Cell) -> bool:
    return not cell.text.isspace() or cell.look.ground is not None or cell.look.underline


class _Colors:
    """CSS classes for colors; a class stands for one color per background."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[RGB, ...], int] = {}

    def name(self, colors: Iterable[RGB]) -> str:
        """The CSS class of a color, given as it is on each background."""
        return f"c{self.numbers.setdefault(tuple(colors), len(self.numbers))}"


def _drawn(cells: dict[Place, Looks], colors: _Colors) -> Iterator[str]:
    """The SVG elements of a group: backgrounds, then shapes by color, then letters row by row."""
    filled: dict[tuple[str, float], list[str]] = defaultdict(list)
    dots: dict[str, list[str]] = defaultdict(list)
    letters: dict[Place, tuple[str, str]] = {}
    yield from _grounds(cells, colors)
    for (row, column), looks in cells.items():
        text, look = looks[0]
        left, top = column * WIDTH, row * HEIGHT
        name = colors.name(one.look.color for one in looks)
        shape = shape_of(text)
        if shape is None:
            name += " b" * look.bold + " u" * look.underline
            letters[row, column] = text, name
        elif shape.dots:
            dots[name] += [f"M{left + x * WIDTH:g} {top + y * HEIGHT:g}h0" for x, y in shape.dots]
        else:
            name += " k" * shape.is_upright
            filled[name, shape.opacity].append(_outline(left, top, shape))
    for (name, opacity), outlines in filled.items():
        faint = "" if opacity == 1 else f' fill-opacity="{opacity}"'
        yield f'<path class="{name}"{faint} d="{"".join(outlines)}"/>'
    for name, points in dots.items():
        yield f'<path class="o {name}" d="{"".join(points)}"/>'
    yield from _texts(letters)


def _outline(left: int, top: int, shape: Shape) -> str:
    """The SVG path of a shape, in the cell with this upper left corner."""
    outline = ""
    for polygon in shape.polygons:
        corners = [(left + x * WIDTH, top + y * HEIGHT) for x, y in polygon]
        outline += "M" + "L".join(f"{x:.4g} {y:.4g}" for x, y in corners) + "z"
    return outline


def _grounds(cells: dict[Place, Looks], colors: _Colors) -> Iterator[str]:
    """The backgrounds of characters: a rectangle for each run of one color within a row."""
    rectangles: dict[str, list[str]] = defaultdict(list)
    grounds = {
        place: colors.name(one.look.ground or (0, 0, 0) for one in looks)
        for place, looks in cells.items()
        if looks[0].look.ground is not None
    }
    for (row, column), name, count in _neighbors(grounds):
        corner = f"M{column * WIDTH} {row * HEIGHT}"
        rectangles[name].append(f"{corner}h{count * WIDTH}v{HEIGHT}h{-count * WIDTH}z")
    for name, parts in rectangles.items():
        yield f'<path class="k {name}" d="{"".join(parts)}"/>'


def _neighbors(names: dict[Place, str]) -> Iterator[tuple[Place, str, int]]:
    """Runs of the same name within a row: the first place, the name and the number of cells."""

    def run(numbered: tuple[int, tuple[Place, str]]) -> tuple[int, int, str]:
        index, ((row, column), name) = numbered
        return row, column - index, name

    for (_, _, name), group in groupby(enumerate(sorted(names.items())), run):
        places = [place for _, (place, _) in group]
        yield places[0], name, len(places)


def _texts(letters: dict[Place, tuple[str, str]]) -> Iterator[str]:
    """Text elements for runs of letters with the same look, each exactly as wide as its cells."""
    narrow = {place: name for place, (text, name) in letters.items() if cell_len(text) == 1}
    for (row, column), name, count in _neighbors(narrow):
        run = "".join(letters[row, column + index][0] for index in range(count))
        for words in WORDS.finditer(run):
            yield _text(row, column + words.start(), words[0], name, len(words[0]))
    for (row, column), (text, name) in letters.items():
        if cell_len(text) > 1:
            yield _text(row, column, text, name, 2)


def _text(row: int, column: int, text: str, name: str, cells: int) -> str:
    length = f' textLength="{cells * WIDTH}"' if cells > 1 else ""
    place = f'x="{column * WIDTH}" y="{row * HEIGHT + BASELINE}"'
    return f'<text {place}{length} class="{name}">{escape(text, quote=False)}</text>'


def _look_rules(theme: Theme, colors: _Colors) -> str:
    """The CSS rules for colors and text, for one background or for the reader's preference."""
    sheets = []
    for position, ground in enumerate(backgrounds(theme)):
        rules = [f".p{{fill:{hexadecimal(PANEL[ground][1])}}}"]
        rules += [
            f".c{number}{{color:{hexadecimal(color[position])}}}"
            for color, number in colors.numbers.items()
        ]
        sheets.append("".join(rules))
    return (
        f"text{{font:{FONT_SIZE}px {FONTS}}}text,path{{fill:currentColor}}"
        f".o{{fill:none;stroke:currentColor;stroke-linecap:round;stroke-width:{DOT}}}"
        f".k{{shape-rendering:crispEdges}}.b{{font-weight:bold}}.u{{text-decoration:underline}}{sheets[0]}"
        + "".join(f"@media(prefers-color-scheme:light){{{sheet}}}" for sheet in sheets[1:])
    )


def _classes(span: Span, ticks: int) -> str:
    """The CSS classes of a group; where animation is off, only the last frame is shown."""
    begin, end = span
    if span == (0, ticks):
        return ""
    return f' class="m s{begin} d{end - begin}{" e" * (end == ticks)}"'


def _time_rules(spans: Iterable[Span], ticks: int) -> str:
    """The CSS rules for when groups appear, and for how long."""
    moving = [span for span in spans if span != (0, ticks)]
    rules = [
        f".m{{visibility:hidden;animation:{ticks * TICK:g}s step-end infinite}}",
        ".e{visibility:visible}@media(prefers-reduced-motion:reduce){.m{animation:none}}",
    ]
    rules += [
        f".s{begin}{{animation-delay:{(begin - ticks) * TICK:.6g}s}}"
        for begin in sorted({begin for begin, _ in moving})
    ]
    rules += [
        f".d{length}{{animation-name:d{length}}}@keyframes d{length}{{0%{{visibility:visible}}"
        f"{100 * length / ticks:.7g}%,to{{visibility:hidden}}}}"
        for length in sorted({end - begin for begin, end in moving})
    ]
    return "".join(rules)
