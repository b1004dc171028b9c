"""A run's growing sequence of epoch records; adding one changes and copies no earlier records."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.training.events import EpochRecord

__all__ = ["figures_of", "grown", "record_of"]

FIGURES = 5
"""Numbers per epoch that ``figures_of`` returns."""


def grown(records: Sequence[EpochRecord], record: EpochRecord) -> Sequence[EpochRecord]:
    """The records with another one added; unlike a tuple, they are not copied each time.

    Example:
        >>> before = grown((), EpochRecord(1, 0.5, 0.9, None, None, 0.1, 1.0, 100.0))
        >>> after = grown(before, EpochRecord(2, 0.4, 0.9, None, None, 0.1, 1.0, 100.0))
        >>> len(before), len(after), after[-1].epoch
        (1, 2, 2)
    """
    shared = records.shared if isinstance(records, _Records) else _Shared(records)
    if len(shared) > len(records):
        shared = _Shared(records)  # others have grown from the same records
    shared.append(record)
    return _Records(shared, len(shared))


def record_of(records: Sequence[EpochRecord], epoch: int) -> EpochRecord | None:
    """The record of an epoch, or ``None``; ``records`` must be in the order of their epochs."""
    at = bisect_left(records, epoch, key=lambda one: one.epoch)
    return records[at] if at < len(records) and records[at].epoch == epoch else None


def figures_of(records: Sequence[EpochRecord]) -> NDArray[np.float64]:
    """For each record: epoch, validation loss and score, monitored loss and score, (n, 5).

    Unknown values are NaN. For records made by ``grown``, only new ones are read.
    """
    shared = records.shared if isinstance(records, _Records) else _Shared(records)
    return shared.figures(len(records))


class _Shared(list[EpochRecord]):
    """A list of records that only grows, and the figures read so far."""

    def __init__(self, records: Iterable[EpochRecord]) -> None:
        super().__init__(records)
        self._known = array("d")

    def figures(self, count: int) -> NDArray[np.float64]:
        for one in self[len(self._known) // FIGURES : count]:
            figures = one.val_loss, one.val_score, one.monitored_loss, one.monitored_score
            self._known.extend(
                np.nan if figure is None else figure for figure in (one.epoch, *figures)
            )
        return np.array(self._known[: count * FIGURES]).reshape(-1, FIGURES)


class _Records(Sequence[EpochRecord]):
    """The first ``count`` records of a shared list."""

    def __init__(self, shared: _Shared, count: int) -> None:
        self.shared, self._count = shared, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[EpochRecord]:
        return islice(self.shared, self._count)

    def __getitem__(self, at: Any) -> Any:
        chosen = range(self._count)[at]
        if isinstance(chosen, int):
            return self.shared[chosen]
        return [self.shared[index] for index in chosen]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = object.__hash__
