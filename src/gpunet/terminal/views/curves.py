"""The curves of runs: loss, and accuracy or R2, as the dashboard and the end of a run show them.

Owns which points are drawn. Training: the mean over the steps of each report, at the middle of
those steps, and smoothed means in front of them. Validation: the values at the end of each epoch.
How a chart is drawn belongs to ``draw.charts``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import cycle
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw import formats
from gpunet.terminal.draw.axes import nice_step
from gpunet.terminal.draw.block import Block, beside
from gpunet.terminal.draw.charts import LineChart, Mark, Series, line_chart
from gpunet.terminal.draw.style import Ink
from gpunet.terminal.views.cached import cached
from gpunet.terminal.views.course import LOSS, RATE, SCORE
from gpunet.terminal.views.records import figures_of
from gpunet.terminal.views.view import ZOOMS, Smoothing, View
from gpunet.training.events import EpochRecord

__all__ = ["INKS", "curves", "run_signs", "signed"]

LEAST, GAP = 25, 2
"""Fewest cells of each chart side by side, and cells between charts; with less room, only the loss
is shown."""

STRIPPED = 11
"""Fewest lines of a chart with a line for the learning rate."""

SMOOTHING: Mapping[Smoothing, float] = {"off": 0.0, "weak": 0.015, "strong": 0.06}
"""The share of the axis, on either side of a point, over which its mean is taken."""

PARTS: Mapping[int, str] = dict(
    zip(
        ZOOMS,
        ("", ", last half", ", last 1/5", ", last 1/10", ", last 1/20", ", last 1/50"),
        strict=True,
    )
)

INKS = (Ink.TRAIN, Ink.VALIDATION, Ink.RIGHT, Ink.WRONG, Ink.LABEL)
"""The colors of several runs, repeated if there are more runs."""

SIGNS = "123456789abcdefghijklmnopqrstuvwxyz"
"""The signs of several runs, repeated if there are more runs."""

MOST = 500
"""Most epochs whose validation is drawn; with more, only every second, every third and so on."""


class Figure(NamedTuple):
    """The quantity that a chart shows: the loss, the accuracy or R2."""

    title: str
    column: int  # of a course
    scale: float
    bounds: tuple[float, float]
    written: Callable[[float], str]


LOSSES = Figure("loss", LOSS, 1.0, (0.0, math.inf), formats.loss)
ACCURACIES = Figure("accuracy %", SCORE, 100.0, (0.0, 100.0), "{:.2f}".format)
R2 = Figure("R2", SCORE, 1.0, (-1.0, 1.0), formats.r2)
"""Values below -1 are drawn at the edge, so that a bad start leaves room for the rest."""


class Drawn(NamedTuple):
    """A run in charts; among several runs it has its own sign and color."""

    view: View
    sign: str = ""
    ink: str = Ink.TRAIN


def run_signs() -> Iterator[tuple[str, str]]:
    """The signs of several runs, each with the color of the run's curves."""
    return zip(cycle(SIGNS), cycle(INKS), strict=False)


def signed(name: str, sign: tuple[str, str]) -> Text:
    """A run's name after its sign, in the color of its curves."""
    return Text(f"{sign[0]} {name}", sign[1])


def curves(console: Console, views: Sequence[View], width: int, height: int) -> Block:
    """Loss and accuracy, or R2, side by side; only the loss if there is little room.

    Args:
        console: decides on characters and colors.
        views: the runs. Several runs have signs, see ``run_signs``, and a chart for each kind of
            score. The first run decides on the zoom, the smoothing and the axis.
        width: width in cells.
        height: height in lines.
    """
    if height < 1 or not views or views[0].run is None:
        return Block(width, [])
    runs = [Drawn(view) for view in views]
    if len(runs) > 1:
        runs = [Drawn(view, *sign) for view, sign in zip(views, run_signs(), strict=False)]
    figures = [LOSSES, *(one for one in (ACCURACIES, R2) if any(_has(run, one) for run in runs))]
    if width < LEAST * len(figures) + GAP * (len(figures) - 1):
        figures = [LOSSES]
    x_range = _range(views)
    places = 2 * max(2, width // len(figures))  # as many as there are dots
    room, charts = width, []
    for left in range(len(figures), 0, -1):
        figure, cells = figures[-left], (room - GAP * (left - 1)) // left
        room -= cells + GAP
        charts.append(_chart(console, runs, figure, (cells, height), x_range, places))
    return beside(charts, gap=GAP).shaped(width, height)


def _has(run: Drawn, figure: Figure) -> bool:
    """Whether a run has this figure."""
    measured = run.view.run is not None and run.view.run.network.kind == "measured"
    return figure is LOSSES or figure is (R2 if measured else ACCURACIES)


def _chart(
    console: Console,
    runs: Sequence[Drawn],
    figure: Figure,
    size: tuple[int, int],
    x_range: tuple[float, float],
    places: int,
) -> Block:
    """The chart of a figure; the loss of a single run comes with its learning rate."""
    width, height = size
    first = runs[0].view
    has_rate = height >= STRIPPED and len(runs) == 1
    is_loss = figure is LOSSES
    shown = [run for run in runs if _has(run, figure)]
    series = list(_series(console, shown, figure, first.smoothing, x_range, places))
    chart = LineChart(
        f"{figure.title}{PARTS[ZOOMS[first.zoom]]}",
        series,
        height if is_loss else height - has_rate,
        x_range,
        figure.bounds,
        logarithmic=is_loss and first.logarithmic,
        number_format=figure.written,
        whole=x_range[1] - x_range[0] >= 4,
        marks=[*_stars(shown, figure, x_range), *_signs(series)],
        strip=_rate(first, x_range, places) if is_loss and has_rate else None,
    )
    return line_chart(console, chart, width)


def _series(
    console: Console,
    runs: Sequence[Drawn],
    figure: Figure,
    smooth: Smoothing,
    x_range: tuple[float, float],
    places: int,
) -> Iterator[Series]:
    """The training and validation curves of each run; among several runs each has a color."""
    smoothing = SMOOTHING[smooth]
    for view, sign, ink in runs:
        x, y, raw = view.course.curve(figure.column, x_range, places, smoothing, 0.0)
        if smoothing and not sign:
            yield Series("", x, figure.scale * raw, Ink.MUTED, behind=True)
        yield Series(sign or "train", x, figure.scale * y, ink)
        if view.run is not None and view.run.validation_count:
            x, y = _validation(console, view, sign, figure, x_range)
            name, color = ("", ink) if sign else ("val", Ink.VALIDATION)
            yield Series(name, x, y, color, dotted=True)


def _validation(
    console: Console, view: View, sign: str, figure: Figure, x_range: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The ends (m,) of the validated epochs, and the figure's values (m,) there."""
    measured = cached(_measured, console, view.records, place=sign)
    shown = measured[np.searchsorted(measured[:, 0], x_range[0]) :]
    x, loss, score = shown[:: -(1 + len(shown) // MOST)][::-1].T  # the last one stays
    x = np.where(view.course.end > x - 1, np.minimum(x, view.course.end), x)
    within = (x >= x_range[0]) & (x <= x_range[1])
    return x[within], figure.scale * (loss if figure is LOSSES else score)[within]


def _measured(console: Console, records: Sequence[EpochRecord]) -> NDArray[np.float64]:
    """Each epoch, its validation loss and its validation score: (n, 3)."""
    return figures_of(records)[:, :3]


def _end(reached: float, record: EpochRecord) -> float:
    """Where an epoch ended in a course of length ``reached``; it may have been cut short."""
    return min(record.epoch, reached) if reached > record.epoch - 1 else float(record.epoch)


def _stars(runs: Sequence[Drawn], figure: Figure, x_range: tuple[float, float]) -> Iterator[Mark]:
    """A star at the epoch whose weights are kept, on the validation curve if there is one."""
    for view, sign, _ in runs:
        best = view.best
        if best is None or not x_range[0] <= _end(view.course.end, best) <= x_range[1]:
            continue
        train, value = best.train_score, best.val_score
        if figure is LOSSES:
            train, value = best.train_loss, best.val_loss
        value = train if value is None else value
        if value is not None and math.isfinite(value):
            name = "" if sign else f"epoch {best.epoch}"
            yield Mark(name, _end(view.course.end, best), figure.scale * value)


def _signs(series: Sequence[Series]) -> Iterator[Mark]:
    """Mark the end of each training curve with its run's sign, if there are several runs."""
    for one in series:
        if one.name in SIGNS and one.name and len(one.x):
            yield Mark("", float(one.x[-1]), float(one.y[-1]), one.style, one.name)


def _rate(view: View, x_range: tuple[float, float], places: int) -> Series | None:
    """The curve of the learning rate; ``None`` while it is not known."""
    x, y = view.course.curve(RATE, x_range, places)
    return Series("lr", x, y, Ink.MUTED) if len(x) else None


def _range(views: Sequence[View]) -> tuple[float, float]:
    """The ends of the horizontal axis, in epochs; they move in a few large steps."""
    shown = [view for view in views if view.run is not None]
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
