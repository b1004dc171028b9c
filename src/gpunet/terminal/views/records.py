"""The epochs of a run as they grow: what was known before stays as it was, and is not copied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from gpunet.training.events import EpochRecord

__all__ = ["grown"]


def grown(records: Sequence[EpochRecord], record: EpochRecord) -> Sequence[EpochRecord]:
    """The records and another one; with tuples a million epochs would take longer and longer.

    Example:
        >>> before = grown((), EpochRecord(1, 0.5, 0.9, None, None, 0.1, 1.0, 100.0))
        >>> after = grown(before, EpochRecord(2, 0.4, 0.9, None, None, 0.1, 1.0, 100.0))
        >>> len(before), len(after), after[-1].epoch
        (1, 2, 2)
    """
    shared = records.shared if isinstance(records, _Records) else []
    if not isinstance(records, _Records) or len(shared) > len(records):
        shared = list(records)  # another one has grown from the same ones
    shared.append(record)
    return _Records(shared, len(shared))


class _Records(Sequence[EpochRecord]):
    """The first ``count`` ones of a list that others share."""

    def __init__(self, shared: list[EpochRecord], count: int) -> None:
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
