"""The curves of a run: loss, and accuracy or R2, as the dashboard and the end of a run show them.

Owns which points are drawn. How a chart is drawn belongs to ``draw.charts``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from rich.console import Console

from gpunet.terminal.draw import formats
from gpunet.terminal.draw.block import Block, beside
from gpunet.terminal.draw.charts import LineChart, Series, line_chart
from gpunet.terminal.draw.style import Ink
from gpunet.terminal.views.view import View
from gpunet.training.events import EpochRecord, Progress, RunInfo

__all__ = ["curves"]

SETTLED = 0.1
"""Share of an epoch from which the mean over its steps so far is steady enough to be drawn."""

LOWEST_R2 = -1.0
"""What is worse is drawn at the edge, so that a bad beginning leaves room for the rest."""


def curves(console: Console, view: View, run: RunInfo, width: int, height: int) -> Block:
    """Loss and accuracy, or R2, side by side; the loss alone where it is narrow."""
    if height < 1:
        return Block(width, [])
    x_range = _epoch_range(view, run.config.effective_epochs)
    loss = LineChart(
        "loss",
        _pair(view, lambda r: r.train_loss, lambda r: r.val_loss),
        height,
        x_range,
        (0.0, math.inf),
        logarithmic_from=4.0,
        number_format=formats.loss,
    )
    if width < 56:
        return line_chart(console, loss, width)
    measured = run.network.kind == "measured"
    scale = 1 if measured else 100
    score = LineChart(
        "R2" if measured else "accuracy %",
        _pair(view, lambda r: _scaled(r.train_score, scale), lambda r: _scaled(r.val_score, scale)),
        height,
        x_range,
        (LOWEST_R2, 1.0) if measured else (0.0, 100.0),
        number_format=formats.r2 if measured else "{:.2f}".format,
    )
    half = (width - 2) // 2
    charts = [line_chart(console, loss, half), line_chart(console, score, width - 2 - half)]
    return beside(charts, gap=2)


def _scaled(score: float | None, scale: int) -> float | None:
    return None if score is None else scale * score


def _pair(
    view: View,
    train: Callable[[EpochRecord | Progress], float | None],
    validation: Callable[[EpochRecord], float | None],
) -> list[Series]:
    """The train and the validation curve, at whole epochs.

    The running epoch's mean so far is a dot of its own: it is a mean over fewer and later steps
    than those before it, so that a line to it would tell of a fall that there was not.
    """
    points = [(float(record.epoch), train(record)) for record in view.records]
    if len(view.records) < 2:
        points = [(report.share, train(report)) for report in view.trace] + points
    running = view.progress
    if running and view.records and running.epoch > view.records[-1].epoch and not view.reason:
        share, so_far = running.share, train(running)
        if so_far is not None and share >= SETTLED:
            points += [(points[-1][0], None), (running.epoch - 1 + share, so_far)]
    drawn = [_series("train", points, Ink.TRAIN)]
    held_out = [(r.epoch, v) for r in view.records if (v := validation(r)) is not None]
    if held_out or (view.run is not None and view.run.validation_count):
        drawn.append(_series("val", held_out, Ink.VALIDATION, dotted=True))
    return drawn


def _series(
    name: str, points: Sequence[tuple[float, float | None]], style: str, dotted: bool = False
) -> Series:
    x, y = np.array(points, float).reshape(-1, 2).T  # (points,) each; None becomes NaN
    return Series(name, x, y, style, dotted)


def _epoch_range(view: View, epochs: int) -> tuple[float, float]:
    """The horizontal axis; its end moves in a few large steps, not with every epoch."""
    if len(view.records) < 2:
        return 0.0, float(min(epochs, 1 + len(view.records)))
    epoch = max([view.progress.epoch if view.progress else 1, *(r.epoch for r in view.records)])
    stage = 10
    while stage < epoch:
        stage = stage * (5 if str(stage)[0] == "2" else 4) // 2  # 10, 20, 50, 100, ...
    return float(view.records[0].epoch), float(max(min(epochs, stage), epoch))
