"""``gpunet find-lr``: the learning rate range test, with its curve and suggestion."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import typer

from gpunet.cli import options
from gpunet.cli.setting_options import with_settings
from gpunet.config import OPTIMIZER_FACTS, TrainConfig

if TYPE_CHECKING:
    from gpunet.training.learning_rate_range import RangeTest

__all__ = ["find_lr"]


@with_settings
def find_lr(
    *,
    context: typer.Context,
    named: options.DataArgument = None,
    data: options.Data = "auto",
    config: TrainConfig,
    device: options.Device = "auto",
    plain: options.Plain = False,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Try growing learning rates for some steps, draw the loss and suggest a rate.

    Nothing is saved.

    Examples:
        gpunet find-lr mnist
        gpunet find-lr mnist --optimizer sgd --hidden 128
        gpunet find-lr sales.csv --plain
    """
    from gpunet.artifacts.report import strict_json
    from gpunet.datasets.catalog import require_named
    from gpunet.datasets.tables.options import TableOptions
    from gpunet.terminal.draw import formats
    from gpunet.terminal.live.console import print_words, wants_dashboard
    from gpunet.terminal.live.messages import ConsoleMessages
    from gpunet.terminal.views.range_test import range_advice, range_chart, range_table
    from gpunet.training.learning_rate_range import find_learning_rate
    from gpunet.training.splits import split
    from gpunet.training.windows import Windows
    from gpunet.workflows.data import open_training_data
    from gpunet.workflows.devices import checked_device, choose_device, training_engine

    messages = ConsoleMessages(plain=plain, quiet=quiet or as_json)
    console = messages.console
    data = options.data_named_by(context, named, data)
    require_named(data)
    choice = checked_device(choose_device(device, messages), messages)
    dataset = open_training_data(data, messages, TableOptions.of(config))
    with (
        messages.stage("trying learning rates") as tell,
        training_engine(choice, replace(config, ensemble=1), dataset) as engine,
    ):
        windows = Windows.of(split(dataset, config).training, config, engine)
        told = partial(tell, "trying learning rates")
        found = find_learning_rate(engine, windows.first(), told)
    default = OPTIMIZER_FACTS[config.optimizer].learning_rate
    if as_json:
        print(strict_json(_content(found, default)))
    elif quiet:
        typer.echo(formats.learning_rate(found.suggestion))
    else:
        drawn = range_chart if wants_dashboard(console, plain) else range_table
        console.print()
        console.print(drawn(found))
        console.print()
        for line in range_advice(found, default):
            print_words(console, line)


def _content(found: RangeTest, default: float) -> dict[str, Any]:
    return {
        "suggestion": found.suggestion,
        "default": default,
        "steps": [
            {"learning_rate": rate, "loss": loss, "smoothed": smoothed}
            for rate, loss, smoothed in zip(
                found.learning_rates.tolist(),
                found.losses.tolist(),
                found.smoothed.tolist(),
                strict=True,
            )
        ],
    }
