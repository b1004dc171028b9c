"""``gpunet tune-kernels``: measure the fastest tile for each matrix product of a network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from gpunet.cli import options
from gpunet.cli.setting_options import with_settings
from gpunet.config import TrainConfig

if TYPE_CHECKING:
    from rich.console import Console

    from gpunet.engine.wgpu.tile_trials import Measured

__all__ = ["tune_kernels"]


@with_settings
def tune_kernels(
    *,
    context: typer.Context,
    named: options.DataArgument = None,
    data: options.Data = "auto",
    config: TrainConfig,
    device: options.Device = "auto",
    plain: options.Plain = False,
) -> None:
    """Forget what was measured on an adapter, and measure which tiles suit a network best.

    Trainings with such products take them from then on. `gpunet train` measures by itself where a
    run is long enough to gain from it.

    Examples:
        gpunet tune-kernels mnist --hidden 1024,1024
        gpunet tune-kernels mnist -b 256
        gpunet tune-kernels mnist --device gpu
    """
    from gpunet.datasets.catalog import require_named
    from gpunet.datasets.tables.options import TableOptions
    from gpunet.engine.wgpu.tile_cache import TileCache
    from gpunet.terminal.live.messages import ConsoleMessages
    from gpunet.terminal.live.notes import note_load
    from gpunet.workflows.data import open_data
    from gpunet.workflows.devices import choose_device, choose_tiles

    messages = ConsoleMessages(plain=plain)
    console = messages.console
    data = options.data_named_by(context, named, data)
    require_named(data)
    choice = choose_device(device, messages, shaders=True)
    if choice.adapter is None:
        messages.say("numpy has no kernels to tune")
        return
    dataset = open_data(data, messages, TableOptions.of(config))
    note_load()
    tiles = TileCache.of(choice.adapter)
    tiles.forget()
    measured = choose_tiles(config, choice.adapter, dataset, tiles, messages, steps=math.inf)
    console.print()
    if measured:
        _print_table(console, measured)
    else:
        console.print(
            "there is nothing to choose: a small network's step is one kernel, or its products "
            "are too small for their tiles to matter",
            soft_wrap=True,
        )


def _print_table(console: Console, measured: Sequence[Measured]) -> None:
    """Print each product's tiles, the fastest first, and its shape: rows x columns x depth."""
    from gpunet.terminal.draw import formats
    from gpunet.terminal.draw.columns import Columns
    from gpunet.terminal.draw.style import Ink

    table = Columns(["<product", "<tile", "time", "FLOP/s", "<"])
    for one in measured:
        product = one.product
        names = iter([one.label, f"{product.rows}x{product.columns}x{product.depth}"])
        for tile, seconds in sorted(one.seconds.items(), key=lambda item: item[1]):
            rate = formats.amount(round(2 * product.multiplications / seconds))
            marks = ["taken"] * (tile == one.chosen) + ["as by rule"] * (tile == one.table)
            cells = [next(names, ""), tile.name, formats.seconds(seconds), rate, ", ".join(marks)]
            table.add(*cells, style=Ink.BEST if tile == one.chosen else "")
    console.print(table)
