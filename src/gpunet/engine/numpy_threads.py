"""Who multiplies matrices with numpy: this thread, and a helper as far as a core is free for it.

BLAS is held to one thread, since its own wait for each other: where another program takes a core
of theirs, a step takes many times as long. Large products are cut into two halves by their shape
alone, and each half is computed by the first thread that is free, so that a busy machine is waited
for at most during one half. To the bit, a product does not depend on who computes it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from queue import SimpleQueue
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

__all__ = ["numpy_conditions", "product"]

Real = TypeVar("Real", np.float32, np.float64)

CUT_FROM = 25_000_000
"""Multiplications of a product from which a second thread brings more than waking it costs."""

PATIENCE = 3e-4
"""Seconds for which a thread that waits for another one stays awake: waking up costs a third of
that, and most parts are done by then."""

NAP = 1e-4
"""Seconds that it sleeps at a time from then on."""


def product(
    left: NDArray[Real], right: NDArray[Real], out: NDArray[Real] | None = None
) -> NDArray[Real]:
    """The matrix product (P, R, C) of (P, R, K) and (P, K, C); it is written to ``out`` if given.

    A large one is computed in two halves, of its rows or of its columns if they are no fewer.
    """
    rows, inner, columns = *left.shape[-2:], right.shape[-1]
    if rows * inner * columns < CUT_FROM:
        return np.matmul(left, right, out=out)
    if out is None:
        networks = max(len(left), len(right))
        out = np.empty((networks, rows, columns), dtype=left.dtype)
    half = max(rows, columns) // 2
    cuts = slice(None, half), slice(half, None)
    if columns >= rows:
        halves = [(left, right[..., cut], out[..., cut]) for cut in cuts]
    else:
        halves = [(left[:, cut], right, out[:, cut]) for cut in cuts]
    share([partial(np.matmul, *half) for half in halves])
    return out


def share(tasks: Sequence[Callable[[], object]]) -> None:
    """Do the tasks, each in this thread or in the helper.

    An error of a task is raised here, once no task is under way any more.
    """
    job = _Job(tasks)
    _helper().offer(job)
    job.work()
    job.wait()


@contextmanager
def numpy_conditions() -> Iterator[None]:
    """The conditions under which numpy works: no warnings, and BLAS with one thread.

    A diverging run overflows; it is noticed by its loss, not by a warning per step.
    """
    with np.errstate(over="ignore", invalid="ignore"), _blas().limit(limits=1):
        yield


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


class _Job:
    """Tasks of which each is done by one thread; what they share is changed in atomic steps."""

    def __init__(self, tasks: Sequence[Callable[[], object]]) -> None:
        self._waiting = deque(tasks)
        self._left = list(tasks)
        self._errors: list[BaseException] = []

    def work(self) -> None:
        """Take tasks until none is waiting."""
        while self._waiting:
            try:
                task = self._waiting.popleft()
            except IndexError:  # another thread has just taken the last one
                return
            try:
                task()
            except BaseException as error:  # an interrupt, too, waits until the others are done
                self._errors.append(error)
            finally:
                self._left.pop()

    def wait(self) -> None:
        """Wait for the tasks that another thread has taken.

        Raises:
            BaseException: what a task has raised.
        """
        patient_until = time.perf_counter() + PATIENCE
        while self._left:
            time.sleep(0 if time.perf_counter() < patient_until else NAP)
        for error in self._errors:
            raise error


class _Helper:
    """A thread that works on one job at a time and takes no other one meanwhile."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._idle = False
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), name="numpy", daemon=True).start()
        ready.wait()

    def offer(self, job: _Job) -> None:
        """Let the helper join in, if it has nothing to do."""
        if self._idle:
            self._idle = False
            self._jobs.put(job)

    def _run(self, ready: threading.Event) -> None:
        with numpy_conditions():  # some libraries limit the threads of the calling thread only
            self._idle = True
            ready.set()
            while True:
                self._jobs.get().work()
                self._idle = True


@cache
def _helper() -> _Helper:
    return _Helper()
