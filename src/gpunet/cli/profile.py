"""``gpunet profile``: where the time of a training step goes, kernel by kernel."""

from __future__ import annotations

import typer

from gpunet.cli import options
from gpunet.cli.setting_options import with_settings
from gpunet.config import TrainConfig

__all__ = ["profile"]


@with_settings
def profile(
    *,
    context: typer.Context,
    named: options.DataArgument = None,
    data: options.Data = "auto",
    config: TrainConfig,
    device: options.Device = "auto",
    autotune: options.Autotune = True,
    plain: options.Plain = False,
) -> None:
    """Measure where the time of a training step goes, kernel by kernel; save nothing.

    Examples:
        gpunet profile mnist --hidden 128
        gpunet profile mnist --device gpu
        gpunet profile mnist -b 256 --optimizer sgd
    """
    from gpunet.datasets.catalog import require_named
    from gpunet.datasets.tables.options import TableOptions
    from gpunet.engine.wgpu.roofline import measure_roofline
    from gpunet.engine.wgpu.tile_cache import TileCache
    from gpunet.terminal.live.messages import ConsoleMessages
    from gpunet.terminal.live.notes import note_load
    from gpunet.terminal.views.profile_table import profile_table
    from gpunet.training.profile import measure_profile
    from gpunet.training.settings_for_data import settled
    from gpunet.training.splits import split
    from gpunet.training.windows import Windows
    from gpunet.workflows.data import open_training_data
    from gpunet.workflows.devices import find_device, settle_device, training_engine

    messages = ConsoleMessages(plain=plain)
    console = messages.console
    data = options.data_named_by(context, named, data)
    require_named(data)
    note_load()
    choice = find_device(device, messages)
    dataset = open_training_data(data, messages, TableOptions.of(config))
    config = settled(config, dataset)
    choice = settle_device(choice, config, config.ensemble, dataset, messages)
    tiles = TileCache.of(choice.adapter) if choice.adapter is not None and autotune else None
    with (
        messages.stage("measuring the device's best rates") as tell,
        training_engine(choice, config, dataset, tiles) as engine,
    ):
        windows = Windows.of(split(dataset, config).training, config, engine)
        roofline = measure_roofline(choice.adapter)
        measured = measure_profile(engine, roofline, windows.first(), tell)
    console.print()
    for part in profile_table(measured):
        console.print(part)
