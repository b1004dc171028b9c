"""The course of a run: one array per figure, from its epochs or from its report.

Owns reading a report back, as far as its history goes; the report's shape belongs to ``report``,
drawing to ``plots``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gpunet.errors import DataError
from gpunet.training.events import EpochRecord

__all__ = ["Curves", "read_curves"]

LARGEST = 1 << 62
"""The largest number of an epoch, and the largest loss, that a report may hold."""

FIGURES = ("train_loss", "val_loss", "train_accuracy", "val_accuracy")


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Figures of E epochs; NaN where nothing was measured.

    Args:
        epochs: (E,) the epochs' numbers.
        train_loss: (E,) nats per sample.
        val_loss: (E,) nats per sample.
        train_accuracy: (E,) fractions.
        val_accuracy: (E,) fractions.
        best_epoch: the epoch whose weights were kept; 0 if none was.
    """

    epochs: NDArray[np.int64]
    train_loss: NDArray[np.float64]
    val_loss: NDArray[np.float64]
    train_accuracy: NDArray[np.float64]
    val_accuracy: NDArray[np.float64]
    best_epoch: int

    @classmethod
    def of(cls, records: Sequence[EpochRecord], best_epoch: int) -> Self:
        """The curves of finished epochs."""
        columns = {name: [getattr(record, name) for record in records] for name in FIGURES}
        return cls._from([record.epoch for record in records], columns, best_epoch)

    @classmethod
    def _from(
        cls, epochs: Sequence[int], columns: Mapping[str, Sequence[Any]], best_epoch: int
    ) -> Self:
        """``None`` becomes NaN."""
        arrays = {name: np.array(values, dtype=np.float64) for name, values in columns.items()}
        return cls(np.array(epochs, dtype=np.int64), **arrays, best_epoch=best_epoch)


def read_curves(path: Path) -> Curves:
    """The curves that a report of a training tells of.

    Raises:
        DataError: it cannot be read, is no such report, or no epoch was finished.
    """
    content = _read(path)
    history, best_epoch = content.get("history"), content.get("best_epoch", "")
    if not isinstance(history, list) or not _is_number(best_epoch, int):
        raise _not_a_report(path, "it lacks a history or a best epoch")
    if not history:
        raise DataError(f"{path} tells of no finished epoch; train for one epoch at least")
    for place, entry in enumerate(history):
        _require_entry(path, place, entry)
    columns = {name: [entry[name] for entry in history] for name in FIGURES}
    return Curves._from([entry["epoch"] for entry in history], columns, int(best_epoch))


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(
            f"the report {path} cannot be read: {reason}; give the path of a file that "
            "`gpunet train` wrote as a report"
        ) from error
    except (ValueError, RecursionError) as error:
        raise _not_a_report(path, "it is no JSON") from error
    if not isinstance(content, dict):
        raise _not_a_report(path, "it is no JSON object")
    return content


def _require_entry(path: Path, place: int, entry: Any) -> None:
    if not isinstance(entry, dict) or not _is_number(entry.get("epoch"), int):
        raise _not_a_report(path, f"entry {place + 1} of its history has no epoch")
    for name in FIGURES:
        value = entry.get(name, "nothing")
        if value is not None and not _is_number(value, int, float):
            raise _not_a_report(
                path, f"entry {place + 1} of its history has {value!r:.40} as {name}"
            )


def _is_number(value: object, *kinds: type) -> bool:
    """True and false are none; nor is what is larger than any report holds."""
    return type(value) in kinds and abs(value) <= LARGEST  # type: ignore[arg-type]


def _not_a_report(path: Path, reason: str) -> DataError:
    return DataError(
        f"{path} is no report of a training run: {reason}; give a file that "
        "`gpunet train` wrote as a report"
    )
