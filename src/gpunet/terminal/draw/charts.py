"""Line charts in braille dots, or in ASCII where braille cannot be shown.

A chart is a pure function of its series and its size. Which values are drawn is up to the
caller.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions
from rich.segment import Segment
from rich.text import Text

from gpunet.terminal.draw.block import Block, Line, line_of, text_block
from gpunet.terminal.draw.style import Ink, glyphs

__all__ = ["BRAILLE", "DOTS", "LineChart", "Series", "dots_of", "line_chart", "nice_ticks"]

BRAILLE = 0x2800
"""The empty braille cell; its code point plus the sum of the dots' weights gives a pattern."""

DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])  # (4, 2)

MARKS = "*o+x"
"""Marks of the series where there are no dots."""

APART = 7
"""Cells between the labels of a horizontal axis that is not of whole numbers, at least."""

LARGEST = 1e300
"""Values beyond are drawn at the edge, so that ranges stay finite."""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One line of a chart.

    Args:
        name: in the legend.
        x: (n,) ascending.
        y: (n,) NaN leaves a gap.
        style: its color.
        dotted: draw every other dot only, so that it is not the color alone that tells it from
            a solid line.
        points: draw a dot for each value, in any order, and no line; no line hides them.
    """

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    style: str
    dotted: bool = False
    points: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class LineChart:
    """Several series on the same axes; a rich renderable.

    Args:
        title: what the vertical axis shows.
        series: cells that several of them pass through belong to them in turn.
        height: in lines: legend, plot and the horizontal axis' labels.
        x_range: the horizontal axis.
        y_bounds: beyond these the vertical axis does not go, as 0 for a loss.
        logarithmic_from: the vertical axis is logarithmic once the largest value is so many
            times the smallest, which must be above zero.
        number_format: how the latest value is written in the legend; ``None`` if it is not.
        whole: label whole numbers of the horizontal axis alone.
    """

    title: str
    series: Sequence[Series]
    height: int
    x_range: tuple[float, float]
    y_bounds: tuple[float, float] = (-math.inf, math.inf)
    logarithmic_from: float = math.inf
    number_format: Callable[[float], str] | None = "{:.4g}".format
    whole: bool = True

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Block]:
        yield line_chart(console, self, options.max_width)


def line_chart(console: Console, chart: LineChart, width: int) -> Block:
    """The chart as a block of ``width`` cells and ``chart.height`` lines.

    Below three lines only the legend is left; the labels go first where it is narrow.
    """
    ascii_only = console.options.ascii_only
    in_logarithms = _in_logarithms(chart)
    logarithmic = in_logarithms is not None
    legend = text_block(console, [_legend(chart, logarithmic, width, ascii_only)], width)
    plot_rows = chart.height - 2
    lines = legend.lines
    if plot_rows >= 1 and width >= 1:
        lines = lines + _plot(console, in_logarithms or chart, width, plot_rows, logarithmic)
    return Block(width, lines).shaped(width, max(0, chart.height))


def _in_logarithms(chart: LineChart) -> LineChart | None:
    """The chart of the decimal logarithms, or ``None`` if the values are too close for one.

    What is not above zero goes to the lower edge.
    """
    values = _values(chart)
    positive = values[values > 0]
    if not len(positive) or positive.max() < chart.logarithmic_from * positive.min():
        return None
    least = float(positive.min())
    series = [replace(one, y=np.log10(np.clip(one.y, least, LARGEST))) for one in chart.series]
    return replace(chart, series=series, y_bounds=(-math.inf, math.inf))


def _values(chart: LineChart) -> NDArray[np.float64]:
    """All finite values of all series."""
    values = np.concatenate([np.zeros(0), *(series.y for series in chart.series)])
    bounded: NDArray[np.float64] = np.clip(values[np.isfinite(values)], -LARGEST, LARGEST)
    return bounded


def _legend(chart: LineChart, logarithmic: bool, width: int, ascii_only: bool) -> Text:
    """The title and each series' mark, name and latest value, as much as there is room for."""
    for title_end, named in ((", log", True), ("", True), ("", False)):
        text = Text.assemble(
            (chart.title, Ink.STRONG), (title_end if logarithmic else "", Ink.MUTED)
        )
        told = named or chart.number_format is not None
        for position, series in enumerate(chart.series if told else ()):
            mark = MARKS[position % len(MARKS)] if ascii_only else _mark(series)
            text.append(f" {mark} ", series.style).append(series.name if named else "", Ink.MUTED)
            if len(series.y) and chart.number_format is not None:
                value = chart.number_format(float(series.y[-1]))
                text.append(f" {value}" if named else value, series.style)
        if text.cell_len <= width:
            break
    return text


def _mark(series: Series) -> str:
    return "•" if series.points else "╍" if series.dotted else "━"


def _plot(
    console: Console, chart: LineChart, width: int, rows: int, logarithmic: bool
) -> list[Line]:
    """The lines of the plot and below it the labels of the horizontal axis."""
    marks = glyphs(console.options.ascii_only)
    y_range = _y_range(chart, 20 if logarithmic else 8)
    labels = _log_labels(y_range, rows) if logarithmic else _y_labels(y_range, rows)
    gutter = max((len(label) for label in labels.values()), default=0) + 1
    if width < gutter + 8:
        labels, gutter = {}, 1
    columns = max(1, width - gutter)
    cells = _cells(console, chart, y_range, rows, columns)
    muted = console.get_style(Ink.MUTED)
    lines = []
    for row in range(rows):
        label = labels.get(row, "")
        axis = marks.tick if label else marks.axis
        lines.append([Segment(label.rjust(gutter - 1) + axis, muted), *cells[row]])
    return [*lines, [Segment(" " * gutter + _x_labels(chart, columns), muted)]]


def _cells(
    console: Console, chart: LineChart, y_range: tuple[float, float], rows: int, columns: int
) -> list[Line]:
    """The plot's cells, row by row, each with the dots and in the style of one series."""
    ascii_only = console.options.ascii_only
    down, across = (1, 1) if ascii_only else (4, 2)
    codes = np.zeros((max(1, len(chart.series)), rows, columns), dtype=np.int64)
    for index, series in enumerate(chart.series):
        drawn = replace(series, dotted=series.dotted and not ascii_only)  # there its mark tells it
        dots = dots_of(drawn, chart.x_range, y_range, rows * down, columns * across)
        if ascii_only:
            codes[index] = dots * ord(MARKS[index % len(MARKS)])
        else:
            codes[index] = np.einsum("rdca,da->rc", dots.reshape(rows, 4, columns, 2), DOTS)
    present = codes > 0
    points = np.array([series.points for series in chart.series], np.bool_)
    if points.any():
        present[~points] &= ~present[points].any(axis=0)
    owners = _owners(present)  # (rows, columns)
    own = np.take_along_axis(codes, np.maximum(owners, 0)[None], axis=0)[0]
    characters = np.where(owners < 0, ord(" "), own + (0 if ascii_only else BRAILLE))
    styles = [*(console.get_style(series.style) for series in chart.series), None]  # -1: None
    return [
        line_of((chr(code), styles[owner]) for code, owner in zip(*rows_of_both, strict=True))
        for rows_of_both in zip(characters.tolist(), owners.tolist(), strict=True)
    ]


def _owners(present: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Which of the series (s, rows, columns) a cell shows, (rows, columns); -1 where none is.

    Neighbouring cells that the same series pass through show them in turn, so that no line hides
    another.
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
    """The dots (height, width), row 0 on top, of the line through a series' points.

    A point beside a gap is a dot of its own; what lies outside the ranges is at the edge. Of a
    dotted line every other dot is left out, and its last point stays.
    """
    dots = np.zeros((height, width), dtype=np.bool_)
    x = _scaled(series.x, x_range, width)  # (n,)
    y = height - 1 - _scaled(series.y, y_range, height)  # (n,)
    known = np.isfinite(series.x) & ~np.isnan(series.y)
    neighbors = known[:-1] & known[1:] & (not series.points)
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
    alone = known & ~np.isin(np.arange(len(x)), [joined, joined + 1])
    alone[np.flatnonzero(known)[-1:]] = True
    dots[y[alone], x[alone]] = True
    return dots


def _scaled(
    values: NDArray[np.float64], limits: tuple[float, float], size: int
) -> NDArray[np.int64]:
    """(n,) dots from 0 to size - 1; 0 for what is no number."""
    lowest, highest = limits
    bounded = np.clip(np.nan_to_num(values, nan=lowest), lowest, highest)
    span = highest - lowest
    share = (bounded - lowest) / span if span > 0 else np.zeros_like(bounded)
    return np.rint(share * (size - 1)).astype(np.int64)


def _y_range(chart: LineChart, parts: int) -> tuple[float, float]:
    """The values' range, widened to round parts of it, so that the axis seldom moves."""
    values = _values(chart)
    if not len(values):
        return 0.0, 1.0
    lowest, highest = float(values.min()), float(values.max())
    if highest - lowest <= 1e-9 * max(abs(lowest), abs(highest), 1e-9):
        margin = 0.1 * abs(highest) or 0.5
        lowest, highest = lowest - margin, highest + margin
    step = _nice_step((highest - lowest) / parts)
    lowest = max(math.floor(lowest / step + 1e-9) * step, chart.y_bounds[0])
    highest = min(math.ceil(highest / step - 1e-9) * step, chart.y_bounds[1])
    return (lowest, highest) if highest > lowest else (lowest, lowest + step)


def _y_labels(y_range: tuple[float, float], rows: int) -> dict[int, str]:
    """The labels by row; row 0 is the top. Where there are many rows, every other stays free."""
    ticks, step = nice_ticks(*y_range, max(1, rows - 1 if rows <= 6 else (rows - 1) // 2))
    return {_row(tick, y_range, rows): _label(tick, step) for tick in reversed(ticks)}


def _log_labels(y_range: tuple[float, float], rows: int) -> dict[int, str]:
    """The labels by row: powers of ten first, then 2 and 5 times them, as there is room."""
    lowest, highest = y_range
    powers = range(math.floor(lowest), math.ceil(highest) + 1)
    labels: dict[int, str] = {}
    for factor in (1, 2, 5, 3, 7):
        for power in powers:
            value = math.log10(factor) + power
            row = _row(value, y_range, rows)
            taken = {row - 1, row, row + 1} if rows > 6 else {row}
            if lowest <= value <= highest and not taken & labels.keys():
                labels[row] = (
                    f"{factor}e{power:+03d}" if abs(power) > 3 else f"{factor * 10.0**power:g}"
                )
    return labels


def _row(value: float, y_range: tuple[float, float], rows: int) -> int:
    lowest, highest = y_range
    return rows - 1 - round((value - lowest) / (highest - lowest) * (rows - 1))


def _x_labels(chart: LineChart, columns: int) -> str:
    """The horizontal axis' labels, each centered below its column where there is room."""
    lowest, highest = chart.x_range
    if highest <= lowest:
        return f"{lowest:g}"[:columns]
    widest = len(f"{highest:.0f}") + 3 if chart.whole else APART
    ticks, step = nice_ticks(lowest, highest, max(1, columns // widest), chart.whole)
    line = [" "] * columns
    free = 0
    for tick in sorted({lowest, *ticks}) if chart.whole else ticks:
        label = _label(tick, step)
        center = round((tick - lowest) / (highest - lowest) * (columns - 1))
        start = min(max(0, center - len(label) // 2), columns - len(label))
        if start >= free:
            line[start : start + len(label)] = label
            free = start + len(label) + 1
    return "".join(line)


def nice_ticks(
    lowest: float, highest: float, intervals: int, whole: bool = False
) -> tuple[list[float], float]:
    """Round or even whole numbers in a range, at most so many intervals, and the step of them."""
    step = _nice_step((highest - lowest) / intervals)
    step = max(step, 1.0) if whole else step
    first = math.ceil(lowest / step - 1e-9)
    last = math.floor(highest / step + 1e-9)
    return [index * step for index in range(first, last + 1)], step


def _nice_step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below ``least``."""
    power = 10.0 ** math.floor(math.log10(least))
    enough = (factor * power for factor in (1, 2, 5) if factor * power >= least * (1 - 1e-9))
    return next(enough, 10 * power)


def _label(value: float, step: float) -> str:
    """A tick in few letters: ``0.25``, ``1500``, ``250k``, ``40M``, ``2.0e-07``."""
    if value == 0 and not 1e-4 <= step < 1e4:
        return "0"
    if 1e4 <= step < 1e15:
        power = math.floor(math.log10(step) / 3 + 1e-9)
        return f"{value / 1000**power:.0f}{'kMGT'[power - 1]}"
    if step < 1e-4 or step >= 1e15 or abs(value) >= 1e9:
        return f"{value:.1e}"
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{value:.{decimals}f}"
