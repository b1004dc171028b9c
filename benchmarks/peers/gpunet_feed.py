"""gpunet's training loop over windows, as ``training.loop`` goes through them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import wait
from dataclasses import replace

import numpy as np

import gpunet
from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.datasets.source import Source
from gpunet.engine.factory import select_device
from gpunet.training.batches import epoch_order, steps_per_epoch
from gpunet.training.pace import Pace
from gpunet.training.progress import REPORT_SECONDS
from gpunet.training.windows import Window, Windows
from peers.engines import engine_on
from peers.feed import BATCH, HIDDEN, Feed
from peers.interface import PeerError
from peers.rows_file import RowsFile
from peers.task import BETAS, EPSILON, INPUTS, LEARNING_RATE

CONFIG = TrainConfig(
    hidden=HIDDEN, batch_size=BATCH, beta1=BETAS[0], beta2=BETAS[1], epsilon=EPSILON
)

Part = tuple[int, float, bool]
"""Samples of a part of an epoch, the sum of their losses, and whether a turn may end with it."""


class OwnFeed(Feed):
    """An engine: ``cpu`` for numpy, or an adapter's index.

    Args:
        rows: to train on.
        device: that trains.
        mapped: whether they stay in their file, and are not read into memory first.
        window: samples of a window; 0 for those that gpunet takes by itself.
        whole: whether all rows have to be one window.

    Raises:
        PeerError: the device does not hold them at once, though that is wanted.
    """

    def __init__(
        self, rows: RowsFile, device: str, *, mapped: bool, window: int = 0, whole: bool = False
    ) -> None:
        config = replace(CONFIG, window=window)
        self._engine = engine_on(select_device(device), INPUTS, config)
        if whole and rows.rows > self._engine.most_samples("train", INPUTS):
            raise PeerError("does not fit the device at once")
        source = Source(Samples(rows.features(mapped=mapped), rows.labels()))
        self._windows = Windows.of(source, config, self._engine)
        if len(self._windows) == 1:
            self._engine.load("train", source[:])
        self._engine.set_parameters(self._engine.initial_parameters())
        self._pace = Pace(REPORT_SECONDS)
        self._epoch = self._steps = 0
        self._parts: Iterator[Part] = iter(())

    @property
    def version(self) -> str:
        """Gpunet's."""
        return gpunet.__version__

    def begin(self) -> None:
        """Draw the order, and where there are several windows, read the first one."""
        self._epoch += 1
        self._parts = self._train()
        next(self._parts)

    def train(self, seconds: float) -> tuple[int, float]:
        """Whole windows where there are several, unless one takes twice as long."""
        began, seen, total = time.perf_counter(), 0, 0.0
        for samples, loss, ends in self._parts:
            seen, total = seen + samples, total + loss
            passed = time.perf_counter() - began
            if passed >= seconds and (ends or passed >= 2 * seconds):
                break
        return seen, total / max(1, seen)

    def _train(self) -> Iterator[Part]:
        """What an epoch's parts gave, after nothing when its first step may be taken."""
        single = len(self._windows) == 1
        for number, window in enumerate(self._windows.of_epoch(self._epoch)):
            steps = self._begin_window(window)
            if number == 0:
                yield 0, 0.0, True
            done, seen, total = 0, 0, 0.0
            while done < steps:
                began, count = time.perf_counter(), min(self._pace.steps, steps - done)
                self._engine.train(count)
                window.copy_ahead(self._engine)
                metrics = self._engine.metrics()
                self._pace.update(count, time.perf_counter() - began)
                done, self._steps = done + count, self._steps + count
                if done == steps and window.following is not None:
                    wait([window.following])
                before, seen, total = (seen, total), int(metrics.seen[0]), float(metrics.loss[0])
                yield seen - before[0], total - before[1], single or done == steps

    def _begin_window(self, window: Window) -> int:
        """Bring the engine to the start of a window; the steps that it takes."""
        steps = steps_per_epoch(window.count, BATCH)
        if window.samples is not None:
            self._engine.load("train", window.samples, self._windows.source.labels)
        order = epoch_order(self._engine.seeds, self._epoch, window.count, window.first)
        self._engine.begin_epoch(order, np.full((1, steps), LEARNING_RATE), self._steps)
        return steps
