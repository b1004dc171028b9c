"""The curves of runs: loss, and accuracy or R2, as the dashboard and the end of a run show them.

Owns which points are drawn: of the training the means over the steps that a report tells of, at
the middle of those steps, and over neighboring steps in front of them; of the validation what was
measured at the end of epochs. How a chart is drawn belongs to ``draw.charts``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import cycle

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from gpunet.terminal.draw import formats
from gpunet.terminal.draw.axes import nice_step
from gpunet.terminal.draw.block import Block, beside
from gpunet.terminal.draw.charts import LineChart, Mark, Series, line_chart
from gpunet.terminal.draw.style import Ink
from gpunet.terminal.views.cached import cached
from gpunet.terminal.views.course import LOSS, RATE, SCORE
from gpunet.terminal.views.view import ZOOMS, Smoothing, View
from gpunet.training.events import EpochRecord

__all__ = ["INKS", "curves"]

NARROW = 56
"""Cells below which there is but the chart of the loss."""

STRIPPED = 11
"""Lines from which the learning rate has one of its own."""

LOWEST_R2 = -1.0
"""What is worse is drawn at the edge, so that a bad beginning leaves room for the rest."""

SMOOTHING: Mapping[Smoothing, float] = {"off": 0.0, "weak": 0.015, "strong": 0.06}
"""The part of the axis, on either side, over which means are taken."""

PARTS: Mapping[int, str] = dict(
    zip(
        ZOOMS,
        ("", ", last half", ", last 1/5", ", last 1/10", ", last 1/20", ", last 1/50"),
        strict=True,
    )
)

INKS = (Ink.TRAIN, Ink.VALIDATION, Ink.RIGHT, Ink.WRONG, Ink.LABEL)
"""The colors of runs that are drawn in one chart."""

MOST = 500
"""Epochs whose validation is drawn; of more every second one, every third one and so on."""


def curves(console: Console, views: Mapping[str, View], width: int, height: int) -> Block:
    """Loss and accuracy, or R2, side by side; the loss alone where it is narrow.

    Args:
        console: decides on characters and colors.
        views: runs by their names, nine at most; of one run alone the name is not told, of several
            each has a number. The first one says which part is shown, how smooth, on which axis.
        width: in cells.
        height: in lines.
    """
    first = next(iter(views.values()), None)
    if height < 1 or first is None or first.run is None:
        return Block(width, [])
    if len(views) > 1:
        views = {f"{place} {name}": view for place, (name, view) in enumerate(views.items(), 1)}
    x_range = _range(views)
    places = max(2, width if width < NARROW else width // 2) * 2  # as many as there are dots
    part = PARTS[ZOOMS[first.zoom]]
    rate = _rate(first, x_range, places) if height >= STRIPPED and len(views) == 1 else None
    whole = x_range[1] - x_range[0] >= 4
    loss = LineChart(
        f"loss{part}",
        list(_series(console, views, x_range, places, LOSS)),
        height,
        x_range,
        (0.0, math.inf),
        logarithmic=first.logarithmic,
        number_format=formats.loss,
        whole=whole,
        marks=_marks(console, views, x_range, places, LOSS),
        strip=rate,
    )
    if width < NARROW:
        return line_chart(console, loss, width)
    measured = first.run.network.kind == "measured"
    score = LineChart(
        f"{'R2' if measured else 'accuracy %'}{part}",
        list(_series(console, views, x_range, places, SCORE)),
        height - (rate is not None),
        x_range,
        (LOWEST_R2, 1.0) if measured else (0.0, 100.0),
        number_format=formats.r2 if measured else "{:.2f}".format,
        whole=whole,
        marks=_marks(console, views, x_range, places, SCORE),
    )
    half = (width - 2) // 2
    charts = [line_chart(console, loss, half), line_chart(console, score, width - 2 - half)]
    return beside(charts, gap=2).shaped(width, height)


def _series(
    console: Console,
    views: Mapping[str, View],
    x_range: tuple[float, float],
    places: int,
    column: int,
) -> Iterator[Series]:
    """The training and the validation of each run; of several runs each pair has a color."""
    several = len(views) > 1
    for (name, view), ink in zip(views.items(), cycle(INKS), strict=False):
        scale, _ = _figures(view, column)
        smoothing = SMOOTHING[
            view.smoothing if not several else next(iter(views.values())).smoothing
        ]
        x, y, raw = view.course.curve(column, x_range, places, smoothing, 0.0)
        if smoothing and not several:
            yield Series("", x, scale * raw, Ink.MUTED, behind=True)
        yield Series(name if several else "train", x, scale * y, ink)
        if view.run is not None and view.run.validation_count:
            x, y = _validation(console, view, x_range, column)
            yield Series("val", x, y, ink if several else Ink.VALIDATION, dotted=True)


def _figures(view: View, column: int) -> tuple[float, Callable[[EpochRecord], float | None]]:
    """What the loss or the score is multiplied by, and that of the validation after an epoch."""
    if column == LOSS:
        return 1.0, lambda record: record.val_loss
    measured = view.run is not None and view.run.network.kind == "measured"
    return 1.0 if measured else 100.0, lambda record: record.val_score


def _validation(
    console: Console, view: View, x_range: tuple[float, float], column: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The epochs (m,) at whose ends it was measured, and what it gave (m,)."""
    scale, _ = _figures(view, column)
    measured = cached(_measured, console, view.records)
    shown = measured[np.searchsorted(measured[:, 0], x_range[0]) :]
    x, loss, score = shown[:: -(1 + len(shown) // MOST)][::-1].T  # the last one stays
    x = np.where(view.course.end > x - 1, np.minimum(x, view.course.end), x)
    within = (x >= x_range[0]) & (x <= x_range[1])
    return x[within], scale * (loss if column == LOSS else score)[within]


def _measured(console: Console, records: Sequence[EpochRecord]) -> NDArray[np.float64]:
    """The epochs, and the loss and the score (n, 3) of the validation after each."""
    figures = [(one.epoch, one.val_loss, one.val_score) for one in records]
    return np.array(figures, float).reshape(-1, 3)  # None: NaN


def _end(reached: float, record: EpochRecord) -> float:
    """Where an epoch of a course so long ended; that may be before all its steps were done."""
    return min(record.epoch, reached) if reached > record.epoch - 1 else float(record.epoch)


def _stars(views: Mapping[str, View], x_range: tuple[float, float], column: int) -> Iterator[Mark]:
    """The epoch whose weights are kept: on the validation, or the training where there is none."""
    for view in views.values():
        best = view.best
        if best is None or not x_range[0] <= _end(view.course.end, best) <= x_range[1]:
            continue
        scale, figure = _figures(view, column)
        value = figure(best)
        if value is None:
            value = best.train_loss if column == LOSS else best.train_score
        if value is not None and math.isfinite(value):
            yield Mark(f"epoch {best.epoch}", _end(view.course.end, best), scale * value)


def _marks(
    console: Console,
    views: Mapping[str, View],
    x_range: tuple[float, float],
    places: int,
    column: int,
) -> list[Mark]:
    """The stars, and of several runs the number of each where its training's curve ends."""
    marks = list(_stars(views, x_range, column))
    if len(views) == 1:
        return marks
    for series in _series(console, views, x_range, places, column):
        if len(series.x) and series.name in views:
            end = float(series.x[-1]), float(series.y[-1])
            marks.append(Mark("", *end, series.style, series.name[0]))
    return [mark._replace(name="") for mark in marks]


def _rate(view: View, x_range: tuple[float, float], places: int) -> Series | None:
    """The learning rate, unless it is not known yet."""
    x, y = view.course.curve(RATE, x_range, places)
    return Series("lr", x, y, Ink.MUTED) if len(x) else None


def _range(views: Mapping[str, View]) -> tuple[float, float]:
    """The horizontal axis, in epochs that are done; its ends move in a few large steps."""
    shown = [view for view in views.values() if view.run is not None]
    begin = min((float(one.course.stretches[0, 0]) for one in shown if one.course.end), default=0.0)
    reached = max([one.course.end for one in shown] + [0.0])
    epochs = max(one.run.config.effective_epochs for one in shown if one.run is not None)
    zoom = ZOOMS[shown[0].zoom]
    ended = all(one.reason for one in shown) and reached > begin
    if zoom == 1 or reached <= begin:
        planned = min(float(epochs), nice_step(max(reached, 1.0)))
        return begin, reached if ended else max(reached, planned)
    span = (reached - begin) / zoom
    if ended:
        return reached - span, reached
    step = nice_step(span) / 4
    start = max(begin, math.floor((reached - span) / step) * step)
    return start, max(reached, min(float(epochs), start + 4 * step))
