"""An engine to look at or to measure, made for the network that a command line describes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.tile_cache import TileCache
from gpunet.engine.wgpu.wgpu_engine import WgpuEngine
from gpunet.training.class_weights import class_weights

__all__ = ["trial_engine"]


@contextmanager
def trial_engine(
    config: TrainConfig,
    adapter: Adapter,
    dataset: Dataset,
    training: Samples,
    tiles: TileCache | None = None,
) -> Iterator[WgpuEngine]:
    """An engine with the plan of the training; it holds only the first batch of the data.

    Raises:
        GpunetError: the settings do not fit the data, or the network does not fit the adapter.
    """
    network = config.network(dataset.inputs, len(dataset.classes))
    with WgpuEngine(network, config, adapter, tiles=tiles) as engine:
        engine.class_weights = class_weights(config.class_weights, training.labels, network.classes)
        engine.load("train", training[: config.batch_size])
        yield engine
