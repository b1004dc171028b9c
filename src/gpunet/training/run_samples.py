"""The samples of a run on its engine: loads, orders and scores them.

``splits`` divides and prepares samples; ``windows`` decides how many a device holds at a time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.pixels import inverted
from gpunet.datasets.source import Source
from gpunet.engine.interface import Engine
from gpunet.engine.metrics import Metrics
from gpunet.errors import DeviceError, UsageError, spelled
from gpunet.training.batches import epoch_order, own_order, steps_per_epoch
from gpunet.training.metrics import target_scores, variances
from gpunet.training.own_rows import OwnRows
from gpunet.training.splits import split
from gpunet.training.state import RunState
from gpunet.training.windows import (
    Window,
    Windows,
    evaluate_in_parts,
    parts_of,
    predict_in_parts,
)

__all__ = ["RunSamples"]

GALLERY_SIZE, MEASURED_SIZE = 100, 200
"""Samples whose predictions come with every epoch; enough that some of them are hard."""

Part = Literal["train", "validation"]


class RunSamples:
    """The training, validation and test samples of an engine's networks.

    Args:
        engine: the run's engine.
        dataset: the data; validation samples are held out from its training samples.
        config: the first network's settings.
        begun: an earlier run on the same samples; its scaling and windows are kept.
        own: each network's own rows, if they have some; ``dataset`` is theirs.

    Attributes:
        splits: the prepared samples.
        windows: how the training samples are loaded onto the device.
        counts: (P,) rows per epoch of each network.
        steps: steps per epoch.

    Raises:
        UsageError: the validation set would leave nothing to train on, or networks with their own
            rows take different numbers of steps.
        DeviceError: the device cannot hold a window, or all samples if networks have their own
            rows.
    """

    def __init__(
        self,
        engine: Engine,
        dataset: Dataset,
        config: TrainConfig,
        begun: RunState | None,
        own: OwnRows | None,
    ) -> None:
        self._engine, self._own, self._shuffle = engine, own, config.shuffle
        self.splits = split(dataset, config, begun) if own is None else own.splits
        training, validation = self.splits.training, self.splits.validation
        self.windows = Windows.of(training, config, engine, begun)
        self._at_once = not len(validation) or len(parts_of(validation, engine, "validation")) == 1
        self.counts = np.array([len(training)] * engine.population)
        if own is not None:
            self.counts = np.array([len(rows) for rows in own.training])
            self._require_all_at_once()
        self.steps = steps_per_epoch(int(self.counts.max()), engine.batch_size)
        self._spread: dict[Part, Any] = {}  # of measured targets
        if engine.network.kind == "measured":
            self._spread["train"] = _spread(training, self._own_rows("train"))
            self._spread["validation"] = _spread(validation, self._own_rows("validation"))
        self._gallery_rows = _gallery_rows(self.held_out.labels)

    def load(self, *, gallery: bool) -> None:
        """Load the samples that the engine holds for the whole run."""
        if len(self.windows) == 1:
            self._engine.load("train", self.splits.training[:], rows=self._own_rows("train"))
        if len(self.splits.validation) and self._at_once:
            rows = self._own_rows("validation")
            self._engine.load("validation", self.splits.validation[:], rows=rows)
        if gallery:
            self._engine.load("gallery", self.prepared_gallery)

    def begin_window(
        self, epoch: int, window: Window, learning_rates: NDArray[np.float64], steps_done: int
    ) -> int:
        """Set the engine to the start of a window of an epoch; the number of its steps.

        Learning rates (P, S) are those of the epoch's steps; ``steps_done`` are all steps before.
        """
        count = int(self.counts.max()) if len(self.windows) == 1 else window.count
        steps = steps_per_epoch(count, self._engine.batch_size)
        first = window.first // self._engine.batch_size
        if window.samples is not None:
            self._engine.load("train", window.samples, self.splits.training.labels)
        rates = learning_rates[:, first : first + steps]
        self._engine.begin_epoch(self._order(epoch, window), rates, steps_done)
        return steps

    def validate(self) -> tuple[Metrics | None, list[Any]]:
        """Metrics of the validation samples, ``None`` without any, and the networks' ``scores``.

        For several measured targets R2 is the mean over the targets, computed from predictions.
        """
        engine, held = self._engine, self.splits.validation
        if len(held) and engine.network.kind == "measured" and engine.network.outputs > 1:
            if self._at_once:
                metrics, answers = engine.evaluate("validation"), engine.predict("validation")
            else:
                metrics, answers = predict_in_parts(engine, "validation", held)
            return metrics, self._mean_r2(answers)
        if not len(held):
            total = None
        elif self._at_once:
            total = engine.evaluate("validation")
        else:
            total = evaluate_in_parts(engine, "validation", held)
        return total, self.scores("validation", total)

    def _mean_r2(self, answers: NDArray[np.float32]) -> list[float]:
        """(P,) R2 of predictions (P, n, T) for validation samples, the mean over the targets.

        NaN if no target varies.
        """
        held = self.splits.validation
        own: Sequence[Any] = self._own_rows("validation") or [slice(None)] * len(answers)
        r2 = [
            target_scores(
                held.labels[rows], found[rows], None if held.weights is None else held.weights[rows]
            ).r2.mean()
            for rows, found in zip(own, answers, strict=True)
        ]
        return list(np.where(np.isnan(self._spread["validation"]), np.nan, r2).tolist())

    def test(self) -> tuple[Metrics, NDArray[np.float32]]:
        """Metrics of the test samples, and the predictions (P, n, C)."""
        return predict_in_parts(self._engine, "test", self.splits.test)

    def scores(self, part: Part, metrics: Metrics | None) -> list[Any]:
        """(P,) each network's accuracy, or R2 of measured targets; ``None`` without samples.

        For several targets R2 is that of all errors together, in the scale of training; if the
        targets are standardized by these samples, that is the mean over the targets.
        """
        if metrics is None:
            return [None] * self._engine.population
        if self._engine.network.kind != "measured":
            return list(metrics.accuracy.tolist())
        return list((1 - metrics.mean_squared / self._spread[part]).tolist())

    @property
    def gallery(self) -> Samples:
        """The samples whose predictions come with every epoch, with their original brightness."""
        return self.as_dark(self.prepared_gallery)

    def as_dark(self, samples: Samples) -> Samples:
        """Prepared samples with the brightness with which they were read."""
        return inverted(samples) if self.splits.inverted else samples

    @property
    def prepared_gallery(self) -> Samples:
        """The gallery's samples, prepared for the networks."""
        return self.held_out[self._gallery_rows]

    @property
    def held_out(self) -> Source:
        """The validation samples, or the training samples if none are held out."""
        return self.splits.validation if len(self.splits.validation) else self.splits.training

    def _own_rows(self, part: Part) -> Sequence[NDArray[np.uint32]] | None:
        """(P,) each network's own rows of a part; ``None`` if they share all."""
        if self._own is None:
            return None
        return self._own.training if part == "train" else self._own.validation

    def _order(self, epoch: int, window: Window) -> NDArray[np.uint32]:
        """The rows (P, n) of a window in this epoch's order."""
        seeds, shuffle = self._engine.seeds, self._shuffle
        if self._own is not None:
            return own_order(seeds, epoch, self._own.training, shuffle=shuffle)
        return epoch_order(seeds, epoch, window.count, window.first, shuffle=shuffle)

    def _require_all_at_once(self) -> None:
        """Check that networks with their own rows take equally many steps in a single window."""
        kinds = {steps_per_epoch(int(count), self._engine.batch_size) for count in self.counts}
        if len(kinds) > 1:
            raise UsageError(
                f"the networks of the population take {sorted(kinds)} steps in an epoch, wanted "
                "the same number for each; train them in separate populations"
            )
        if len(self.windows) > 1 or not self._at_once:
            raise DeviceError(
                f"{self._engine.device.name} cannot hold the {len(self.splits.training):,} "
                "samples of the population at once; choose "
                f"{spelled('device', 'cpu')}"
            )


def _spread(source: Source, own: Sequence[NDArray[np.uint32]] | None = None) -> Any:
    """The variance of measured targets, summed over the targets.

    One number for all rows, or (P,) for each network's own; NaN if it is 0 or there are no rows.
    """
    if own is not None:
        return np.array([_spread(Source(source.samples, rows.astype(np.intp))) for rows in own])
    if not len(source):
        return math.nan
    return float(variances(source.labels, source.weights).sum()) or math.nan


def _gallery_rows(labels: NDArray[Any]) -> NDArray[np.intp]:
    """Rows that show the classes in turn: the first of each class, then the second of each.

    Without classes, rows at equal distances.
    """
    if labels.ndim == 2:
        size = min(MEASURED_SIZE, len(labels))
        return np.linspace(0, len(labels) - 1, size).astype(np.intp)
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(int(labels.max(initial=0)) + 1))
    rank = np.empty(len(labels), dtype=np.intp)
    rank[order] = np.arange(len(labels)) - starts[labels[order]]
    return np.lexsort((labels, rank))[:GALLERY_SIZE]
