"""Which of a machine's devices a worker process takes, if several processes train at once."""

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
    """The choice of this process: the workers of a pool take the choices in turn.

    This works for the pools of joblib, Dask, ``concurrent.futures`` and ``multiprocessing``, which
    all number their processes. A process outside any pool takes the first choice. A worker that
    replaces another one may share its choice with a third.
    """
    numbers = getattr(current_process(), "_identity", ())  # of the pool's owners, then its own
    return choices[(numbers[-1] - 1 if numbers else 0) % len(choices)]
