"""gpunet itself, through the interface of its engines."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

import gpunet
from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.engine.factory import select_device
from gpunet.engine.interface import Engine
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.tile_cache import TileCache
from gpunet.parameters import layer_views
from gpunet.workflows.devices import choose_tiles, training_engine
from gpunet.workflows.messages import Messages
from peers.interface import Order, Peer
from peers.task import BETAS, CLASSES, EPSILON, INPUTS, LEARNING_RATE, Layers, Task

CONFIG = TrainConfig(beta1=BETAS[0], beta2=BETAS[1], epsilon=EPSILON)


BY_RULE, MEASURED = "tiles by rule", "measured tiles"


class OwnEngine(Peer):
    """An engine: ``cpu`` for numpy, or an adapter's index.

    On an adapter it is tried with the tiles that a table gives, and with those that are measured to
    be the fastest, as before a long training.
    """

    def __init__(self, task: Task, device: str) -> None:
        super().__init__(task, device)
        self._choice = select_device(device)
        self._config = replace(CONFIG, hidden=task.hidden, batch_size=task.batch)
        self._network = self._config.network(INPUTS, CLASSES)
        samples = Samples(task.features, task.labels)
        classes = tuple(map(str, range(CLASSES)))
        self._dataset = Dataset("noise", samples, samples, classes, None, "drawn here")
        self._tiles: dict[str, TileCache | None] = {"": None}
        if self._choice.adapter is not None:
            self.settings = (BY_RULE, MEASURED)
            self._tiles = {BY_RULE: None, MEASURED: self._measured(self._choice.adapter)}
        self._engine: Engine | None = None
        self._done = 0

    @property
    def version(self) -> str:
        """Gpunet's."""
        return gpunet.__version__

    def _measured(self, adapter: Adapter) -> TileCache:
        """The adapter's fastest tiles for the task; none is worth measuring for small products."""
        tiles = TileCache.of(adapter)
        choose_tiles(self._config, adapter, self._dataset, tiles, Messages(), math.inf)
        return tiles

    def begin(self, setting: str, steps: int) -> None:
        """A new engine: its buffers are made for an epoch of so many steps."""
        self.close()
        engine = training_engine(self._choice, self._config, self._dataset, self._tiles[setting])
        parameters = np.empty((1, self._network.parameter_count), dtype=np.float32)
        views = layer_views(parameters, self._network)
        for own, given in zip(views, self.task.layers, strict=True):
            for view, part in zip(own, given, strict=True):
                view[0] = part
        engine.load("train", self._dataset.train)
        engine.set_parameters(parameters)
        self._engine, self._done = engine, 0

    def train(self, order: Order) -> float:
        """An epoch of the order's samples."""
        assert self._engine is not None, "begin comes first"
        steps = len(order)
        rates = np.full((1, steps), LEARNING_RATE)
        self._engine.begin_epoch(order.reshape(1, -1).astype(np.uint32), rates, self._done)
        self._engine.train(steps)
        self._done += steps
        return float(self._engine.metrics().mean_loss[0])

    def layers(self) -> Layers:
        """As they lie in the engine."""
        assert self._engine is not None, "begin comes first"
        views = layer_views(self._engine.parameters(), self._network)
        return [(weights[0], biases[0]) for weights, biases in views]

    def close(self) -> None:
        """Free the engine's buffers."""
        if self._engine is not None:
            self._engine.close()
