"""Scatter charts of predicted against true values: the nearer to the diagonal, the better.

Owns ranges and labels; drawing the dots belongs to ``charts``.
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
"""Minimum width of a chart among several side by side, and maximum width of any chart."""

LINES = 14
"""Default height of charts, for those printed among other lines."""

LOWEST = 8
"""Minimum height of a chart if several are stacked."""

MARGIN = 0.02
"""Margin on either side of the true values' range, as a share of it."""

BEYOND = 0.5
"""Predictions further than this share of the range outside it are drawn at the edge."""


def scatters(
    console: Console,
    names: Sequence[str],
    targets: NDArray[np.floating[Any]],
    predictions: NDArray[np.floating[Any]],
    width: int,
    height: int = LINES,
) -> Block:
    """A scatter chart for each of the first targets, as many as fit, at least one.

    Args:
        console: decides on characters and colors.
        names: names of the T targets.
        targets: (n, T) true values.
        predictions: (n, T) predicted values.
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
    """A chart with a dot for each sample: true value across, predicted value up.

    Args:
        console: decides on characters and colors.
        title: the target's name, which starts the legend.
        targets: (n,) true values.
        predictions: (n,) predicted values; NaN is left out.
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
