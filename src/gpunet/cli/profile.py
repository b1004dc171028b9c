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
    data: options.Data = "auto",
    config: TrainConfig,
    device: options.Device = "auto",
    autotune: options.Autotune = True,
    plain: options.Plain = False,
) -> None:
    """Measure where the time of a training step goes, kernel by kernel; save nothing."""
    from gpunet.cli.sources import open_training_data, settle_device
    from gpunet.engine.factory import choose, create_engine
    from gpunet.engine.interface import NetworkSettings
    from gpunet.engine.wgpu.roofline import measure_roofline
    from gpunet.engine.wgpu.tile_cache import TileCache
    from gpunet.terminal.live.console import make_console
    from gpunet.terminal.views.profile_table import profile_table
    from gpunet.training.profile import measure_profile
    from gpunet.training.splits import settled, split

    console = make_console(plain=plain)
    choice = choose(device)
    dataset = open_training_data(data, console, config.label)
    config = settled(config, dataset)
    choice = settle_device(choice, config, config.ensemble, dataset, console)
    tiles = TileCache.of(choice.adapter) if choice.adapter is not None and autotune else None
    network = config.network(dataset.inputs, len(dataset.classes))
    settings = tuple(map(NetworkSettings.of, config.networks()))
    with (
        console.status("timing every kernel", spinner="line"),
        create_engine(
            choice, network, settings, config.optimizer, config.batch_size, tiles
        ) as engine,
    ):
        training = split(dataset, config).training
        measured = measure_profile(engine, measure_roofline(choice.adapter), training, config)
    console.print()
    for part in profile_table(measured):
        console.print(part)
