"""Loss and accuracy curves of a run, from its epochs or from its report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from gpunet.errors import DataError, reason_of
from gpunet.files.typed_json import UnsoundError, from_json
from gpunet.training.events import EpochRecord

__all__ = ["Curves", "read_curves"]

LARGEST = 1 << 62
"""The largest number of an epoch, and the largest loss, that a report may hold."""

Epoch = Annotated[int, Meta(ge=-LARGEST, le=LARGEST)]
Metric = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]

METRICS = ("train_loss", "val_loss", "train_accuracy", "val_accuracy")


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Losses and accuracies of E epochs; NaN where nothing was measured."""

    epochs: NDArray[np.int64]  # (E,) the epochs' numbers
    train_loss: NDArray[np.float64]  # (E,) mean loss per sample
    val_loss: NDArray[np.float64]  # (E,) mean loss per sample
    train_accuracy: NDArray[np.float64]  # (E,) fractions
    val_accuracy: NDArray[np.float64]  # (E,) fractions
    best_epoch: int  # the epoch whose weights were kept; 0 if none was

    @classmethod
    def of(cls, records: Sequence[EpochRecord | _Entry], best_epoch: int) -> Self:
        """The curves of finished epochs."""
        columns = {
            name: np.array([getattr(record, name) for record in records], np.float64)
            for name in METRICS
        }
        epochs = np.array([record.epoch for record in records], np.int64)
        return cls(epochs, **columns, best_epoch=best_epoch)


class _Entry(msgspec.Struct):
    epoch: Epoch
    train_loss: Metric | None
    val_loss: Metric | None
    train_accuracy: Metric | None
    val_accuracy: Metric | None


class _Report(msgspec.Struct):
    history: tuple[_Entry, ...]
    best_epoch: Epoch


def read_curves(path: Path) -> Curves:
    """The curves in a report of a training.

    Raises:
        DataError: it cannot be read, is no such report, or no epoch was finished.
    """
    try:
        report = from_json(path.read_bytes(), _Report)
    except OSError as error:
        raise DataError(
            f"the report {path} cannot be read: {reason_of(error)}; give the path of a file that "
            "`gpunet train` wrote as a report"
        ) from error
    except UnsoundError as error:
        raise DataError(
            f"{path} is no report of a training run: {error}; give a file that "
            "`gpunet train` wrote as a report"
        ) from error
    if not report.history:
        raise DataError(f"{path} tells of no finished epoch; train for one epoch at least")
    return Curves.of(report.history, report.best_epoch)
