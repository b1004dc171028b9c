"""The measuring of tiles before users' eyes, for ``train`` and ``tune-kernels``."""

from __future__ import annotations

from rich.console import Console

from gpunet.cli.trial import trial_engine
from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.tile_cache import TileCache
from gpunet.engine.wgpu.tile_trials import Measured, measure_tiles, worth_measuring

__all__ = ["choose_tiles"]


def choose_tiles(
    config: TrainConfig,
    adapter: Adapter,
    dataset: Dataset,
    tiles: TileCache,
    console: Console,
    steps: float,
) -> list[Measured]:
    """Measure the tiles of the products for which a training of so many steps pays.

    Raises:
        DeviceError: the device fails.
    """
    with trial_engine(config, adapter, dataset, dataset.train) as engine:
        passes = worth_measuring(engine.training_plan(), tiles, steps)
        if not passes:
            return []
        with console.status("choosing tiles", spinner="line") as status:
            measured = []
            samples = dataset.train[: 2 * config.batch_size]
            for one in measure_tiles(engine, samples, passes, tiles):
                measured.append(one)
                status.update(f"choosing tiles: {len(measured)} of {len(passes)} products")
    return measured
