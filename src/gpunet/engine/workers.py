"""Which of a machine's devices a worker process takes, where several processes train at a time."""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing import current_process
from typing import TypeVar

__all__ = ["dealt", "is_worker"]

T = TypeVar("T")


def is_worker() -> bool:
    """Whether this process is one of a pool."""
    return bool(getattr(current_process(), "_identity", ()))


def dealt(choices: Sequence[T]) -> T:
    """The choice that is this process's: worker processes take them in turn, as cards are dealt.

    Workers are those of joblib, Dask, ``concurrent.futures`` and ``multiprocessing``, which all
    number the processes that one process starts. A process that belongs to no pool takes the first
    choice, and a worker that takes the place of another one may share a choice with a third.
    """
    numbers = getattr(current_process(), "_identity", ())  # of the pool's owners, then its own
    return choices[(numbers[-1] - 1 if numbers else 0) % len(choices)]
