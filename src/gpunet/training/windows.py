"""Windows: the parts in which samples are loaded onto a device that cannot hold all of them.

Every epoch draws anew which samples share a window, the same for all networks; within a window each
network has its own order. Samples are drawn in blocks of neighbors, so that a file is read in long
stretches. A thread reads the next window while the current one is in use, and the engine copies it
to the device between two steps. If all samples fit into one window, nothing is drawn, and they are
loaded once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from gpunet import rng
from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.datasets.source import Source
from gpunet.engine.interface import Engine, Split
from gpunet.engine.metrics import Metrics
from gpunet.errors import DeviceError, spelled

if TYPE_CHECKING:
    from gpunet.training.state import RunState

__all__ = ["Window", "Windows", "evaluate_in_parts", "parts_of", "predict_in_parts"]

log = logging.getLogger(__name__)

WINDOW_BYTES = 64 << 20
"""Bytes of a window if not all samples fit: two windows and their reader take little memory, and
are half of the smallest binding that a device offers."""

MAPPED_BYTES = 512 << 20
"""Bytes up to which samples in a mapped file form one window, though that copies them."""

BLOCK_BYTES = 64 << 10
"""Bytes of neighboring samples that are drawn together: as much as disks read at once."""

LEAST_BLOCKS = 256
"""Least number of blocks in a window. In data sorted by class, the share of a class of one tenth
then has a standard deviation of 0.02 between windows."""

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Window:
    """A part of an epoch.

    Args:
        first: number of samples in the epoch's earlier windows.
        count: number of samples.
        samples: the prepared samples; ``None`` if the engine already holds them.
        following: the next window, which is being read; ``None`` if there is none.
    """

    first: int
    count: int
    samples: Samples | None = None
    following: Future[Samples] | None = None

    def copy_ahead(self, engine: Engine) -> None:
        """Let the engine copy the next window to the device, if it has been read."""
        if self.following is not None and self.following.done():
            engine.load_ahead(self.following.result())


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """How the training samples are divided into windows.

    Args:
        source: the n samples.
        size: samples per window except the last, in whole batches; n or more for one window.
        seed: the seed of the draws; ``None`` if samples keep their order.
    """

    source: Source
    size: int
    seed: int | None

    @classmethod
    def of(
        cls,
        source: Source,
        config: TrainConfig,
        engine: Engine,
        begun: RunState | None = None,
    ) -> Windows:
        """The windows of a training.

        The size in the settings is rounded down to whole batches; an earlier run on the same
        samples keeps its size.
        """
        count, size = len(source), len(source)
        if begun is not None:
            size = begun.window or count
        elif config.window:
            size = config.window
        elif count > (most := _most(source, engine, "train")):
            size = min(most, WINDOW_BYTES // source.row_bytes)
        if size < count:
            size = max(1, size // config.batch_size) * config.batch_size
        made = cls(source, min(size, count), config.seed if config.shuffle else None)
        if made.size > (room := engine.most_samples("train", source.row_bytes)):
            raise DeviceError(
                f"{engine.device.name} holds at most {room:,} of these samples at once, but a "
                f"window has {made.size:,}; {_advice(config, begun)}"
            )
        log.info("%d samples in %d windows of at most %d", count, len(made), made.size)
        return made

    def __len__(self) -> int:
        return -(-len(self.source) // self.size)

    @property
    def bytes(self) -> int:
        """Bytes of a window on the device, without labels."""
        return self.size * self.source.row_bytes

    def of_epoch(self, epoch: int, begun: int = 0) -> Iterator[Window]:
        """The windows of an epoch after ``begun`` samples; a single window has no ``samples``."""
        count = len(self.source)
        if len(self) == 1:
            yield Window(0, count)
            return
        blocks = self._blocks(epoch)
        firsts = range(begun, count, self.size)
        read = _read_ahead(lambda first: self.source[self._rows(blocks, first)], firsts)
        for first, samples, following in read:
            yield Window(first, len(samples), samples, following)

    def first(self) -> Samples:
        """The samples of the first window of the first epoch, for trials on typical samples."""
        if len(self) == 1:
            return self.source[:]
        return self.source[self._rows(self._blocks(1), 0)]

    def _blocks(self, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First rows (blocks,) of an epoch's blocks in the drawn order, and where each ends."""
        row = self.source.samples.features[:1].nbytes
        length = max(1, min(BLOCK_BYTES // row, self.size // LEAST_BLOCKS))
        count = -(-len(self.source) // length)
        drawn = np.arange(count, dtype=np.uint32)
        if self.seed is not None:
            drawn = rng.permutation(self.seed, epoch, count, purpose=rng.WINDOWS)
        starts = drawn.astype(np.int64) * length
        return starts, np.minimum(length, len(self.source) - starts).cumsum()

    def _rows(
        self, blocks: tuple[NDArray[np.int64], NDArray[np.int64]], first: int
    ) -> NDArray[np.intp]:
        """The rows of the window that starts after ``first`` samples of the epoch, ascending."""
        starts, ends = blocks
        places = np.arange(first, min(first + self.size, len(self.source)))
        block = np.searchsorted(ends, places, "right")
        lasts = starts + np.diff(ends, prepend=0)  # one row beyond each block
        return np.sort(lasts[block] - (ends[block] - places)).astype(np.intp)


def parts_of(source: Source, engine: Engine, split: Split) -> list[slice]:
    """The parts in which samples are evaluated: a single one if the device holds all samples."""
    most = _most(source, engine, split)
    if len(source) <= most:
        return [slice(None)]
    size = max(1, min(most, WINDOW_BYTES // source.row_bytes))
    return [slice(first, first + size) for first in range(0, len(source), size)]


def evaluate_in_parts(engine: Engine, split: Split, source: Source) -> Metrics:
    """Load samples part by part, and return the metrics of all."""
    total = Metrics.none(engine.population)
    for _ in _loaded_in_parts(engine, split, source):
        total += engine.evaluate(split)
    return total


def predict_in_parts(
    engine: Engine, split: Split, source: Source
) -> tuple[Metrics, NDArray[np.float32]]:
    """The metrics as from ``evaluate_in_parts``, and the predictions (P, n, C)."""
    total = Metrics.none(engine.population)
    shape = (engine.population, len(source), engine.network.outputs)
    outputs = np.empty(shape, np.float32)
    for part in _loaded_in_parts(engine, split, source):
        total += engine.evaluate(split)
        outputs[:, part] = engine.predict(split)
    return total, outputs


def _loaded_in_parts(engine: Engine, split: Split, source: Source) -> Iterator[slice]:
    """Load the samples part by part, and give each part."""
    for part, samples, _ in _read_ahead(source.__getitem__, parts_of(source, engine, split)):
        engine.load(split, samples)
        yield part


def _most(source: Source, engine: Engine, split: Split) -> int:
    """How many samples are loaded at once, at most."""
    most = engine.most_samples(split, source.row_bytes)
    if source.is_mapped:
        most = min(most, MAPPED_BYTES // source.row_bytes)
    return most


def _advice(config: TrainConfig, begun: RunState | None) -> str:
    """What to do if the device cannot hold a window."""
    if begun is not None:
        return f"go on with the run on {begun.device or 'the device that it was begun on'}"
    return f"use a smaller {spelled('window' if config.window else 'batch_size')}"


def _read_ahead(
    read: Callable[[Part], Samples], parts: Sequence[Part]
) -> Iterator[tuple[Part, Samples, Future[Samples] | None]]:
    """Each part, its samples, and the next part's samples, which a thread reads meanwhile."""
    following: Future[Samples] | None = None
    with ThreadPoolExecutor(1, thread_name_prefix="samples") as thread:
        for part, after in zip(parts, (*parts[1:], None), strict=True):
            samples = read(part) if following is None else following.result()
            following = None if after is None else thread.submit(read, after)
            yield part, samples, following
