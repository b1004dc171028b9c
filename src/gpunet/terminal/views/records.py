"""The epochs of a run as they grow: what was known before stays as it was, and is not copied."""

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
"""Numbers of each epoch that are looked at for all epochs at once."""


def grown(records: Sequence[EpochRecord], record: EpochRecord) -> Sequence[EpochRecord]:
    """The records and another one; with tuples a million epochs would take longer and longer.

    Example:
        >>> before = grown((), EpochRecord(1, 0.5, 0.9, None, None, 0.1, 1.0, 100.0))
        >>> after = grown(before, EpochRecord(2, 0.4, 0.9, None, None, 0.1, 1.0, 100.0))
        >>> len(before), len(after), after[-1].epoch
        (1, 2, 2)
    """
    shared = records.shared if isinstance(records, _Records) else _Shared(records)
    if len(shared) > len(records):
        shared = _Shared(records)  # another one has grown from the same ones
    shared.append(record)
    return _Records(shared, len(shared))


def record_of(records: Sequence[EpochRecord], epoch: int) -> EpochRecord | None:
    """The record of an epoch, if it is among these, which are in the order of their epochs."""
    at = bisect_left(records, epoch, key=lambda one: one.epoch)
    return records[at] if at < len(records) and records[at].epoch == epoch else None


def figures_of(records: Sequence[EpochRecord]) -> NDArray[np.float64]:
    """The epoch, the loss and score of its validation, and those that are monitored (n, 5).

    What is not known is NaN. Of records that have grown, only the new ones are looked at.
    """
    shared = records.shared if isinstance(records, _Records) else _Shared(records)
    return shared.figures(len(records))


class _Shared(list[EpochRecord]):
    """Records that only grow, and the figures of the first ones."""

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
    """The first ``count`` ones of a list that others share."""

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
