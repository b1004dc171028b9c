"""Line charts in braille dots, or in ASCII where braille cannot be shown.

A chart is a pure function of its series and its size; the caller decides which values to draw.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions
from rich.segment import Segment
from rich.text import Text

from gpunet.terminal.draw.axes import (
    Axis,
    linear_axis,
    logarithmic_axis,
    nice_ticks,
    tick_label,
)
from gpunet.terminal.draw.block import Block, Line, lines_of, text_block
from gpunet.terminal.draw.dots import BRAILLE, patterns
from gpunet.terminal.draw.style import Ink, glyphs

__all__ = ["LineChart", "Mark", "Series", "dots_of", "line_chart"]

MARKS, BEHIND = "+ox#", "."
"""ASCII marks of the series, and of series that are drawn behind the others."""

APART = 7
"""Minimum cells per label on a horizontal axis that is not limited to whole numbers."""

LEAST, LARGEST = 1e-290, 1e290
"""Positive values are clipped to this range, so that axis ranges stay finite."""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One line of a chart.

    Args:
        name: its name in the legend; a series without a name is left out there.
        x: (n,) horizontal positions, ascending.
        y: (n,) values; NaN leaves a gap.
        style: its color.
        dotted: draw only every other dot, so that it differs from a solid line by more than color.
        points: draw a dot for each value instead of a line, with ``x`` in any order; dots are drawn
            over lines.
        behind: draw it only where nothing else is.
    """

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    style: str
    dotted: bool = False
    points: bool = False
    behind: bool = False


class Mark(NamedTuple):
    """A star, or another sign, at a point of a chart; it is in the legend if it has a name."""

    name: str
    x: float
    y: float
    style: str = Ink.BEST
    sign: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class LineChart:
    """Several series on the same axes; a rich renderable.

    Args:
        title: what the vertical axis shows.
        series: the lines. A cell that several pass through shows the dots of all of them, and
            neighboring cells take their colors in turn. Where one covers the others, the cells
            show only one series each, again in turn.
        height: number of lines, including legend, horizontal labels and strip.
        x_range: the range of the horizontal axis.
        y_bounds: limits that the vertical axis never exceeds, such as 0 for a loss.
        logarithmic: whether the vertical axis is logarithmic, if any value is above zero.
        number_format: format of each series' latest value in the legend; ``None`` omits it.
        whole: label only whole numbers on the horizontal axis.
        decades: whether ``x`` holds decimal logarithms; -3 is labeled 1e-3.
        marks: single points that are marked with a sign.
        strip: a small curve on one line below the chart, from zero to its largest value.
    """

    title: str
    series: Sequence[Series]
    height: int
    x_range: tuple[float, float]
    y_bounds: tuple[float, float] = (-math.inf, math.inf)
    logarithmic: bool = False
    number_format: Callable[[float], str] | None = "{:.4g}".format
    whole: bool = True
    decades: bool = False
    marks: Sequence[Mark] = ()
    strip: Series | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Block]:
        yield line_chart(console, self, options.max_width)


def line_chart(console: Console, chart: LineChart, width: int) -> Block:
    """The chart as a block of ``width`` cells and ``chart.height`` lines.

    A narrow chart has no vertical labels; one of fewer than three lines has only its legend.
    """
    ascii_only = console.options.ascii_only
    in_logarithms = _in_logarithms(chart) if chart.logarithmic else None
    legend = text_block(
        console, [_legend(chart, in_logarithms is not None, width, ascii_only)], width
    )
    plot_rows = chart.height - 2 - (chart.strip is not None)
    lines = legend.lines
    if plot_rows >= 1 and width >= 1:
        axis = _axis(chart, plot_rows, in_logarithms is not None)
        lines = lines + _plot(console, in_logarithms or chart, axis, width)
    return Block(width, lines).shaped(width, max(0, chart.height))


def _axis(chart: LineChart, rows: int, logarithmic: bool) -> Axis:
    values = _values(chart)
    if logarithmic:
        positive = np.maximum(values[values > 0], LEAST)
        return logarithmic_axis(float(positive.min()), float(positive.max()), rows)
    lowest, highest = (values.min(), values.max()) if len(values) else (0.0, 1.0)
    return linear_axis(float(lowest), float(highest), rows, chart.y_bounds)


def _in_logarithms(chart: LineChart) -> LineChart | None:
    """The chart with values replaced by decimal logarithms; ``None`` if no value is above zero.

    Values that are not above zero are drawn at the lower edge.
    """
    values = _values(chart)
    if not (values > 0).any():
        return None
    least = max(LEAST, float(values[values > 0].min()))

    def logarithm(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.log10(np.clip(values, least, LARGEST))

    series = [replace(one, y=logarithm(one.y)) for one in chart.series]
    marks = [one._replace(y=float(logarithm(np.array(one.y)))) for one in chart.marks]
    return replace(chart, series=series, marks=marks)


def _values(chart: LineChart) -> NDArray[np.float64]:
    """All finite values of all series, clipped to a range that stays finite."""
    values = np.concatenate([np.zeros(0), *(series.y for series in chart.series)])
    bounded: NDArray[np.float64] = np.clip(values[np.isfinite(values)], -LARGEST, LARGEST)
    return bounded


def _legend(chart: LineChart, logarithmic: bool, width: int, ascii_only: bool) -> Text:
    """The title and each series' mark, name and latest value, as far as they fit."""
    title = Text.assemble((chart.title, Ink.STRONG))
    whole = title + Text(", log" if logarithmic else "", Ink.MUTED)
    stars = [
        Text.assemble(
            (f" {one.sign or glyphs(ascii_only).best} ", one.style), (one.name, Ink.MUTED)
        )
        for one in chart.marks
        if one.name
    ]
    named, unnamed = (_keys(chart, ascii_only, longest) for longest in (100, 1))
    if chart.number_format is None:
        unnamed = []
    for head, keys in ((whole, [*named, *stars]), (whole, named), (whole, unnamed)):
        text = Text().join([head, *keys])
        if text.cell_len <= width:
            return text
    while unnamed and title.cell_len + sum(one.cell_len for one in unnamed) > width:
        unnamed.pop()
    return Text().join([title, *unnamed])


def _keys(chart: LineChart, ascii_only: bool, longest: int) -> list[Text]:
    """Each series' mark, its name if it is no longer than ``longest``, and its latest value."""
    keys = []
    for series, sign in zip(chart.series, _signs(chart.series), strict=True):
        if not series.name:
            continue
        key = Text.assemble((f" {sign if ascii_only else _mark(series)} ", series.style))
        named = len(series.name) <= longest
        key.append(series.name if named else "", Ink.MUTED)
        if len(series.y) and chart.number_format is not None:
            value = chart.number_format(float(series.y[-1]))
            key.append(f" {value}" if named else value, series.style)
        keys.append(key)
    return keys


def _signs(series: Sequence[Series]) -> list[str]:
    """The ASCII mark that each series is drawn with."""
    own = cycle(MARKS)
    return [BEHIND if one.behind else next(own) for one in series]


def _mark(series: Series) -> str:
    return "•" if series.points else "╍" if series.dotted else "━"


def _plot(console: Console, chart: LineChart, axis: Axis, width: int) -> list[Line]:
    """The lines of the plot, followed by the horizontal axis labels and the strip."""
    marks = glyphs(console.options.ascii_only)
    labels = axis.labels
    names = [*labels.values(), *([chart.strip.name] if chart.strip else [])]
    gutter = max(map(len, names), default=0) + 1
    if width < gutter + 8:
        labels, gutter = {}, 1
    columns = max(1, width - gutter)
    cells = _cells(console, chart, axis, columns)
    muted, line = console.get_style(Ink.MUTED), console.get_style(Ink.LINE)
    lines = []
    for row in range(axis.rows):
        label = labels.get(row, "")
        lines.append(
            [
                Segment(label.rjust(gutter - 1), muted),
                Segment(marks.tick if label else marks.axis, line),
                *cells[row],
            ]
        )
    lines.append([Segment(" " * gutter + _x_labels(chart, columns), muted)])
    if chart.strip is not None:
        name = chart.strip.name.rjust(gutter - 1)[: gutter - 1]
        drawn = _strip(chart.strip, chart.x_range, columns, marks.line)
        style = console.get_style(chart.strip.style)
        lines.append([Segment(f"{name} ", muted), Segment(drawn, style)])
    return lines


def _strip(strip: Series, x_range: tuple[float, float], columns: int, levels: str) -> str:
    """The strip's curve, one character per column, blank outside the strip's own range."""
    known = np.isfinite(strip.y)
    if not known.any():
        return " " * columns
    x, y = strip.x[known], strip.y[known]
    at = np.linspace(*x_range, columns)
    share = np.interp(at, x, y) / (y.max() or 1.0)
    step = (x_range[1] - x_range[0]) / columns
    there = (at >= x[0] - step) & (at <= x[-1] + step)
    level = np.rint(share.clip(0, 1) * (len(levels) - 1)).astype(int)
    return "".join(levels[one] if shown else " " for one, shown in zip(level, there, strict=True))


def _cells(console: Console, chart: LineChart, axis: Axis, columns: int) -> list[Line]:
    """The plot's cells row by row, each with its dots, in the style of one series."""
    ascii_only = console.options.ascii_only
    down, across = (1, 1) if ascii_only else (4, 2)
    rows, y_range = axis.rows, axis.range(down)
    codes = np.zeros((max(1, len(chart.series)), rows, columns), dtype=np.int64)
    for index, series in enumerate(chart.series):
        drawn = replace(series, dotted=series.dotted and not ascii_only)  # ASCII marks differ
        dots = dots_of(drawn, chart.x_range, y_range, rows * down, columns * across)
        if ascii_only:
            codes[index] = dots * ord(_signs(chart.series)[index])
        else:
            codes[index] = patterns(dots)
    layers = np.array([one.points - one.behind for one in chart.series] or [0])[:, None, None]
    layer = np.where(codes > 0, layers, -2)
    present = (codes > 0) & (layer == layer.max(axis=0))
    owners = _owners(present)  # (rows, columns)
    shown = np.take_along_axis(codes, np.maximum(owners, 0)[None], axis=0)[0]
    if not ascii_only:
        together = np.bitwise_or.reduce(np.where(present, codes, 0), axis=0)
        on_another = (present & (codes == together)).any(axis=0)
        shown = BRAILLE + np.where(on_another, shown, together)
    characters = np.where(owners < 0, ord(" "), shown).astype(np.uint32)
    styles = [console.get_style(series.style) for series in chart.series]
    for mark in chart.marks:
        column = _scaled(np.array([mark.x]), chart.x_range, columns * across)[0] // across
        row = rows - 1 - _scaled(np.array([mark.y]), y_range, rows * down)[0] // down
        sign = ord(mark.sign or glyphs(ascii_only).best)
        others = owners[row] >= len(chart.series)
        others &= characters[row] != sign
        while column and others[column]:
            column -= 1
        characters[row, column], owners[row, column] = sign, len(styles)
        styles.append(console.get_style(mark.style))
    return lines_of(characters, owners, [*styles, None])  # -1: None


def _owners(present: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The index (rows, columns) of the series that each cell shows; -1 for empty cells.

    ``present`` (series, rows, columns) says which series pass through a cell. Where several do,
    neighboring cells show them in turn, so that no line hides another.
    """
    _, rows, columns = present.shape
    turn = np.add.outer(np.arange(rows), np.arange(columns)) % np.maximum(present.sum(axis=0), 1)
    is_its_turn = present & (np.cumsum(present, axis=0) == turn + 1)
    return np.where(is_its_turn.any(axis=0), is_its_turn.argmax(axis=0), -1)


def dots_of(
    series: Series,
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    height: int,
    width: int,
) -> NDArray[np.bool_]:
    """The dots (height, width), row 0 at the top, of the line through a series' points.

    A point with no neighbor to join is a single dot, and points outside the ranges are drawn at
    the edge. A dotted line leaves out every other dot, but keeps its last point.
    """
    dots = np.zeros((height, width), dtype=np.bool_)
    x = _scaled(series.x, x_range, width)  # (n,)
    y = height - 1 - _scaled(series.y, y_range, height)  # (n,)
    known = np.isfinite(series.x) & ~np.isnan(series.y)
    neighbors = known[:-1] & known[1:] & (not series.points)
    alone = known.copy()
    alone[:-1] &= ~neighbors
    alone[1:] &= ~neighbors
    joined = np.flatnonzero(neighbors)  # a segment starts at each of these
    steps = np.maximum(np.abs(np.diff(x))[joined], np.abs(np.diff(y))[joined]) + 1
    segment = np.repeat(joined, steps)
    position = np.arange(steps.sum()) - np.repeat(np.cumsum(steps) - steps, steps)
    share = position / np.repeat(np.maximum(steps - 1, 1), steps)
    line_x = np.rint(x[segment] + share * (x[segment + 1] - x[segment])).astype(int)
    line_y = np.rint(y[segment] + share * (y[segment + 1] - y[segment])).astype(int)
    if series.dotted:
        steep = (np.abs(np.diff(y)) > np.abs(np.diff(x)))[segment]
        drawn = np.where(steep, line_y, line_x) % 2 == 0
        line_x, line_y = line_x[drawn], line_y[drawn]
    dots[line_y, line_x] = True
    alone[np.flatnonzero(known)[-1:]] = True
    dots[y[alone], x[alone]] = True
    return dots


def _scaled(
    values: NDArray[np.float64], limits: tuple[float, float], size: int
) -> NDArray[np.int64]:
    """Positions (n,) of values (n,) within ``limits``, from 0 to ``size - 1``; 0 for NaN."""
    lowest, highest = limits
    bounded = np.minimum(np.fmax(values, lowest), highest)  # fmax: NaN becomes the lowest
    span = highest - lowest
    share = (bounded - lowest) / span if span > 0 else np.zeros_like(bounded)
    return np.rint(share * (size - 1)).astype(np.int64)


def _x_labels(chart: LineChart, columns: int) -> str:
    """The line of horizontal axis labels, each centered below its column if there is room."""
    lowest, highest = chart.x_range
    if highest <= lowest:
        return f"{lowest:g}"[:columns]
    widest = len(f"{highest:.0f}") + 3 if chart.whole and not chart.decades else APART
    ticks, step = nice_ticks(lowest, highest, max(1, columns // widest), chart.whole)
    line = [" "] * columns
    free = 0
    for tick in ticks:
        label = f"1e{tick:.0f}" if chart.decades else tick_label(tick, step)
        center = round((tick - lowest) / (highest - lowest) * (columns - 1))
        start = min(max(0, center - len(label) // 2), columns - len(label))
        if start >= free:
            line[start : start + len(label)] = label
            free = start + len(label) + 1
    return "".join(line)
