"""Who computes with numpy: this thread, and a helper as far as a core is free for it.

BLAS is held to one thread, since its threads wait for each other: where another program takes a
core of them, a step takes many times as long. Large work comes in parts that are cut by its size
alone, and each part is done by the first thread that is free, so that a busy machine is waited for
at most during one part. What is computed, to the bit, does not depend on who computes it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

__all__ = ["alone", "numpy_conditions", "share"]

T = TypeVar("T")

PATIENCE = 3e-4
"""Seconds for which a thread that waits for another one stays awake: waking up costs a third of
that, and most parts are done by then."""

NAP = 1e-4
"""Seconds that it sleeps at a time from then on."""


def alone(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Do the tasks one after the other; their results."""
    return [task() for task in tasks]


def share(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Do the tasks, each in this thread or in the helper; their results, in the tasks' order.

    Where the helper is at work, as it is for what one of its own tasks shares, this thread does all
    of them. An error of a task is raised here, once no task is under way any more.
    """
    if len(tasks) < 2:
        return alone(tasks)
    job = _Job(tasks)
    _helper().offer(job)
    job.work()
    return job.results()


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


class _Job(Generic[T]):
    """Tasks of which each is done by one thread; what they share is changed in atomic steps."""

    def __init__(self, tasks: Sequence[Callable[[], T]]) -> None:
        self._waiting = deque(enumerate(tasks))
        self._count = len(tasks)
        self._results: dict[int, T] = {}
        self._errors: dict[int, BaseException] = {}

    def work(self) -> None:
        """Take tasks until none is left."""
        while self._waiting:
            try:
                place, task = self._waiting.popleft()
            except IndexError:  # another thread has just taken the last one
                return
            try:
                self._results[place] = task()
            except BaseException as error:  # an interrupt, too, waits until the others are done
                self._errors[place] = error

    def results(self) -> list[T]:
        """Wait for the tasks that others have taken; the results of all.

        Raises:
            BaseException: what a task has raised.
        """
        patient_until = time.perf_counter() + PATIENCE
        while len(self._results) + len(self._errors) < self._count:
            time.sleep(0 if time.perf_counter() < patient_until else NAP)
        for error in self._errors.values():
            raise error
        return [self._results[place] for place in range(self._count)]


class _Helper:
    """A thread that works on one job at a time and takes no other one meanwhile."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job[Any]] = SimpleQueue()
        self._idle = False
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), name="numpy", daemon=True).start()
        ready.wait()

    def offer(self, job: _Job[Any]) -> None:
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
