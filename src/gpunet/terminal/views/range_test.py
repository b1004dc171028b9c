"""A learning rate range test as a chart or a table, and the rate that it suggests."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rich.console import RenderableType

from gpunet.errors import spelled
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.charts import LineChart, Mark, Series
from gpunet.terminal.draw.columns import Columns
from gpunet.terminal.draw.style import Ink
from gpunet.training.learning_rate_range import RangeTest

__all__ = ["range_advice", "range_chart", "range_table"]

HEIGHT = 14
"""Lines of the chart."""

HEADROOM = 1.5
"""The chart's top as a multiple of the largest smoothed loss up to the lowest one."""

EVERY = 10
"""Steps between the rows of the table that replaces the chart outside a terminal."""


def range_advice(found: RangeTest, default: float) -> Iterator[str]:
    """What was tried, where the loss was lowest, and the rate to use instead of the default."""
    least = int(np.nanargmin(found.smoothed))
    rate = formats.learning_rate(float(found.learning_rates[least]))
    yield f"tried:    {len(found.losses)} steps, each at a higher rate; no weights are kept"
    yield f"lowest:   the smoothed loss is {formats.loss(float(found.smoothed[least]))} at {rate}"
    suggestion = spelled("learning_rate", formats.learning_rate(found.suggestion))
    usual = formats.learning_rate(default)
    yield f"suggests: {suggestion}, a tenth of that; the default is {usual}"


def range_chart(found: RangeTest) -> RenderableType:
    """A chart of the loss against the learning rate; the lowest and the suggestion are marked."""
    decades = np.log10(found.learning_rates)  # (s,)
    finite = [np.where(np.isfinite(y), y, np.nan) for y in (found.losses, found.smoothed)]
    least = int(np.nanargmin(found.smoothed))
    lowest = float(found.learning_rates[least])
    points = (("lowest", lowest, Ink.VALIDATION), ("suggested", found.suggestion, Ink.BEST))
    return LineChart(
        "loss by learning rate",
        [
            Series("batch", decades, finite[0], Ink.MUTED, dotted=True),
            Series("smoothed", decades, finite[1], Ink.TRAIN),
        ],
        HEIGHT,
        (float(decades[0]), float(decades[-1])),
        y_bounds=(0.0, HEADROOM * float(np.nanmax(found.smoothed[: least + 1]))),
        number_format=None,
        decades=True,
        marks=[
            Mark(
                f"{name} {formats.learning_rate(rate)}",
                float(np.log10(rate)),
                float(np.interp(np.log10(rate), decades, found.smoothed)),
                style,
            )
            for name, rate, style in points
        ],
    )


def range_table(found: RangeTest) -> RenderableType:
    """A table of some steps' losses, for where no chart can be drawn."""
    table = Columns(["learning rate", "loss", "smoothed"])
    last = len(found.losses) - 1
    for step in sorted({*range(0, last, EVERY), last}):
        table.add(
            formats.learning_rate(float(found.learning_rates[step])),
            formats.loss(float(found.losses[step])),
            formats.loss(float(found.smoothed[step])),
        )
    return table
