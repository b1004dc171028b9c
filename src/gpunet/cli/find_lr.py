"""``gpunet train --find-lr``: the learning rate range test, its curve and what it suggests."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import typer
from rich.console import RenderableType

from gpunet.cli.sources import choose_device, open_training_data
from gpunet.config import TrainConfig
from gpunet.engine.factory import create_engine
from gpunet.terminal.draw import figures
from gpunet.terminal.draw.charts import LineChart, Series
from gpunet.terminal.draw.columns import Columns
from gpunet.terminal.draw.style import MUTED, TRAIN
from gpunet.terminal.live.console import make_console, wants_dashboard
from gpunet.training.learning_rate_range import RangeTest, find_learning_rate
from gpunet.training.splits import split

__all__ = ["find_lr"]

HEIGHT = 14
"""Of the chart, in lines."""

EVERY = 10
"""Steps from row to row of the table that stands for the chart where there is no terminal."""


def find_lr(
    config: TrainConfig, data: str, device: str, *, plain: bool, quiet: bool, as_json: bool
) -> None:
    """Test which learning rates a network learns with, and suggest one; nothing is saved.

    Raises:
        GpunetError: whatever a user can cause or mend.
    """
    console = make_console(plain=plain, quiet=quiet or as_json)
    choice = choose_device(device, console)
    dataset = open_training_data(data, console, config.label)
    network = config.network(dataset.inputs, len(dataset.classes))
    with create_engine(choice, network, (config,)) as engine:
        found = find_learning_rate(engine, split(dataset, config).training, config)
    if as_json:
        print(json.dumps(_content(found, config), indent=2, allow_nan=False))
        return
    suggestion = figures.learning_rate(found.suggestion)
    if quiet:
        typer.echo(suggestion)
        return
    console.print()
    console.print(_chart(found) if wants_dashboard(console, plain) else _table(found))
    console.print()
    for line in _advice(found, config, suggestion):
        console.print(line, soft_wrap=True)


def _content(found: RangeTest, config: TrainConfig) -> dict[str, Any]:
    return {
        "suggestion": found.suggestion,
        "default": _default_rate(config),
        "steps": [
            {"learning_rate": rate, "loss": _finite(loss), "smoothed": _finite(smoothed)}
            for rate, loss, smoothed in zip(
                found.learning_rates.tolist(),
                found.losses.tolist(),
                found.smoothed.tolist(),
                strict=True,
            )
        ],
    }


def _finite(value: float) -> float | None:
    """JSON has neither NaN nor infinity."""
    return value if math.isfinite(value) else None


def _default_rate(config: TrainConfig) -> float:
    """What is trained with if no rate is given."""
    return TrainConfig(optimizer=config.optimizer).effective_learning_rate


def _advice(found: RangeTest, config: TrainConfig, suggestion: str) -> Iterator[str]:
    least = int(np.nanargmin(found.smoothed))
    rate = figures.learning_rate(float(found.learning_rates[least]))
    yield f"tried:    {len(found.losses)} steps, each at a higher rate; no weights are kept"
    yield f"least:    the smoothed loss is {figures.loss(float(found.smoothed[least]))} at {rate}"
    default = figures.learning_rate(_default_rate(config))
    yield f"suggests: --lr {suggestion}, a tenth of that; the default is {default}"


def _chart(found: RangeTest) -> RenderableType:
    decades = np.log10(found.learning_rates)  # (s,)
    finite = [np.where(np.isfinite(y), y, np.nan) for y in (found.losses, found.smoothed)]
    return LineChart(
        "loss by log10 of the learning rate",
        [
            Series("batch", decades, finite[0], MUTED, dotted=True),
            Series("smoothed", decades, finite[1], TRAIN),
        ],
        HEIGHT,
        (float(decades[0]), float(decades[-1])),
        y_bounds=(0.0, np.inf),
        figure=figures.loss,
    )


def _table(found: RangeTest) -> RenderableType:
    table = Columns(["learning rate", "loss", "smoothed"])
    last = len(found.losses) - 1
    for step in sorted({*range(0, last, EVERY), last}):
        table.add(
            figures.learning_rate(float(found.learning_rates[step])),
            figures.loss(float(found.losses[step])),
            figures.loss(float(found.smoothed[step])),
        )
    return table
