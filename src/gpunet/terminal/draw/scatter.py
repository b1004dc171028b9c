"""Predicted values against the true ones, as a chart: the nearer to the diagonal, the better.

Owns the ranges and the words; the dots are drawn as those of every chart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from gpunet.terminal.draw.block import Block, grid
from gpunet.terminal.draw.charts import LineChart, Series, line_chart
from gpunet.terminal.draw.style import Ink

__all__ = ["scatter", "scatters"]

NARROWEST, WIDEST = 36, 72
"""Columns of a chart, where several stand side by side and at most."""

LINES = 14
"""Height of charts that stand among other lines."""

LOWEST = 8
"""Lines of a chart at least, where several stand below one another."""

MARGIN = 0.02
"""Share of the true values' range that is drawn beyond it on either side."""

BEYOND = 0.5
"""Share of that range, beyond which a prediction is drawn at the edge."""


def scatters(
    console: Console,
    names: Sequence[str],
    targets: NDArray[np.floating[Any]],
    predictions: NDArray[np.floating[Any]],
    width: int,
    height: int = LINES,
) -> Block:
    """A chart for each of as many targets as there is room for, at least one.

    Args:
        console: as ``scatter`` takes it.
        names: of the T targets.
        targets: (n, T) true values.
        predictions: (n, T) what was predicted.
        width: in cells.
        height: in lines.
    """
    across = max(1, min(len(names), (width + 2) // (NARROWEST + 2)))
    down = max(1, min(-(-len(names) // across), height // LOWEST))
    each = min(WIDEST, (width + 2) // across - 2)
    charts = [
        scatter(console, names[at], targets[:, at], predictions[:, at], each, height // down)
        for at in range(min(len(names), across * down))
    ]
    return grid(charts, width, gap=2).shaped(width, height)


def scatter(
    console: Console,
    title: str,
    targets: NDArray[np.floating[Any]],
    predictions: NDArray[np.floating[Any]],
    width: int,
    height: int,
) -> Block:
    """A dot for each sample, its true value to the right and its prediction upwards.

    Args:
        console: decides on characters and colors.
        title: the target's name, which the legend begins with.
        targets: (n,) true values.
        predictions: (n,) what was predicted; those that are no numbers are left out.
        width: in cells.
        height: in lines.
    """
    true, predicted = targets.astype(np.float64), predictions.astype(np.float64)
    known = np.isfinite(true)
    lowest, highest = (true[known].min(), true[known].max()) if known.any() else (0.0, 1.0)
    span = float(highest - lowest) or abs(float(highest)) or 1.0
    ends = np.array([lowest - MARGIN * span, highest + MARGIN * span])
    shown = np.clip(predicted, lowest - BEYOND * span, highest + BEYOND * span)
    chart = LineChart(
        title,
        [
            Series("predicted by true value", true, shown, Ink.TRAIN, points=True),
            Series("no error", ends, ends, Ink.MUTED, dotted=True),
        ],
        height,
        (float(ends[0]), float(ends[1])),
        number_format=None,
        whole=False,
    )
    return line_chart(console, chart, width)
