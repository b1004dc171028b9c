"""A run's curves, and its predictions of measured targets, from the run or its report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from gpunet.artifacts.run_folder import RunFolder
from gpunet.artifacts.run_summary import summarize
from gpunet.errors import DataError, reason_of
from gpunet.files.typed_json import UnsoundError, from_json
from gpunet.training.events import EpochRecord

__all__ = ["Comparison", "Curves", "curves_of_run", "read_curves"]

LARGEST = 1 << 62
"""The largest epoch number and the largest loss in a report."""

Epoch = Annotated[int, Meta(ge=-LARGEST, le=LARGEST)]
Metric = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]

METRICS = ("train_loss", "val_loss", "train_accuracy", "val_accuracy", "train_r2", "val_r2")


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Measured targets of n test samples, and their predictions.

    Args:
        names: the names of the T targets.
        targets: (n, T) in their own units.
        predictions: (n, T) in the same units; NaN where a prediction is not finite.
    """

    names: tuple[str, ...]
    targets: NDArray[np.float64]
    predictions: NDArray[np.float64]

    def to_dict(self) -> dict[str, Any]:
        """The comparison for a report."""
        return {
            "names": list(self.names),
            "targets": self.targets.tolist(),
            "predictions": self.predictions.tolist(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Losses of E epochs, with accuracies, or R2 for measured targets; NaN if there is none."""

    epochs: NDArray[np.int64]  # (E,) the epochs' numbers
    train_loss: NDArray[np.float64]  # (E,) mean loss per sample
    val_loss: NDArray[np.float64]  # (E,) mean loss per sample
    train_accuracy: NDArray[np.float64]  # (E,) fractions
    val_accuracy: NDArray[np.float64]  # (E,) fractions
    train_r2: NDArray[np.float64]  # (E,) of measured targets
    val_r2: NDArray[np.float64]  # (E,) of measured targets
    best_epoch: int  # the epoch whose weights were kept; 0 if none was
    comparison: Comparison | None = None  # of measured targets

    @property
    def measured(self) -> bool:
        """Whether there is R2 instead of accuracy."""
        return bool(np.isfinite(self.train_r2).any())

    @classmethod
    def of(
        cls,
        records: Sequence[EpochRecord | _Entry],
        best_epoch: int,
        comparison: Comparison | None = None,
    ) -> Self:
        """The curves of finished epochs."""
        columns = {
            name: np.array([getattr(record, name) for record in records], np.float64)
            for name in METRICS
        }
        epochs = np.array([record.epoch for record in records], np.int64)
        return cls(epochs, **columns, best_epoch=best_epoch, comparison=comparison)


class _Entry(msgspec.Struct):
    epoch: Epoch
    train_loss: Metric | None
    val_loss: Metric | None
    train_accuracy: Metric | None = None
    val_accuracy: Metric | None = None
    train_r2: Metric | None = None
    val_r2: Metric | None = None


class _Comparison(msgspec.Struct):
    names: Annotated[tuple[str, ...], Meta(min_length=1)]
    targets: tuple[tuple[Metric | None, ...], ...]
    predictions: tuple[tuple[Metric | None, ...], ...]


class _Report(msgspec.Struct):
    history: tuple[_Entry, ...]
    best_epoch: Epoch
    comparison: _Comparison | None = None


def curves_of_run(folder: RunFolder) -> Curves:
    """The curves in the report of a kept run; in its log until it has ended.

    Raises:
        DataError: its files are damaged, or no epoch was finished.
        ModelError: there is no run, or its files are damaged.
    """
    run = summarize(folder)
    if folder.report.is_file():
        curves = read_curves(folder.report)
        if len(curves.epochs) >= run.epochs:  # else it is of before the run was resumed
            return curves
    if not run.history:
        raise _no_epoch(folder.path)
    return Curves.of(run.history, run.best_epoch)


def read_curves(path: Path) -> Curves:
    """Read the curves from a training report.

    Raises:
        DataError: the file cannot be read, is not such a report, or no epoch was finished.
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
        raise _no_epoch(path)
    comparison = None if report.comparison is None else _comparison(report.comparison, path)
    return Curves.of(report.history, report.best_epoch, comparison)


def _no_epoch(path: Path) -> DataError:
    return DataError(f"{path} tells of no finished epoch; train for one epoch at least")


def _comparison(read: _Comparison, path: Path) -> Comparison:
    """The comparison in a report, once it is consistent."""
    rows = (*read.targets, *read.predictions)
    alike = len(read.targets) == len(read.predictions)
    if not alike or any(len(row) != len(read.names) for row in rows):
        raise DataError(
            f"the comparison in {path} does not have a true and a predicted value for each of "
            f"{len(read.names)} targets; write the report again by `gpunet train`"
        )
    shape = (-1, len(read.names))
    values = (
        np.array(part, np.float64).reshape(shape) for part in (read.targets, read.predictions)
    )
    return Comparison(read.names, *values)
