"""The numpy engine, which runs on the processor and specifies what every other engine computes.

``group`` defines a training step. A group computes all of its networks at once, which saves numpy
calls when networks are small. But sixteen 784-128-10 networks in one group would take 1.8 times as
long as one by one, since every step would fetch all of them from memory. So a group is small enough
for the processor's cache, and it takes all requested steps before the next group starts. Groups run
in parallel, one thread per processor; they only read what they share, so the results do not depend
on the threads. With 48 networks 64-64-10 and batches of 200 samples, two processors take 1.2 to 1.3
times as many steps as one: the threads wait for Python's interpreter lock, which every operation
takes.

BLAS is limited to one thread. Several would wait for each other at every matmul, so a step would
take many times as long when another program uses one of their cores, and they sum in another order.
On an idle machine large networks would gain less from them than they lose beside one busy program.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.interface import DeviceInfo, Engine, KernelTime, Split
from gpunet.engine.metrics import Metrics
from gpunet.engine.planning.memory import require_host_memory
from gpunet.engine.population import MOMENTS, Rule
from gpunet.engine.reference import group
from gpunet.engine.reference.group import Group, Scores
from gpunet.engine.reference.profile import count_kernels, time_calls
from gpunet.engine.step_schedule import step_schedule
from gpunet.engine.workers import is_worker

__all__ = ["NumpyEngine", "networks_together", "numpy_conditions", "numpy_device", "processors"]

Outcome = TypeVar("Outcome")

MARKS = re.compile(r"\((R|TM|tm)\)|\b(CPU|Processor|\d+-Core)\b|@.*")
"""Trademarks and the like that makers add to a processor's name."""

CACHE = 1 << 20
"""Most bytes of a group's parameters, gradient and moments: what a core's L2 cache may hold."""


BATCH_CACHE = 3 << 19
"""Most bytes that a group computes for a batch. A grid of 64-32-10 and 64-64-10 with batches of 200
samples took 5.3 s with this limit, 5.5 s with 1 MiB and 6.3 s with half of that; another grid took
7.1 s with 1 MiB and 8.0 s with 2 MiB."""


def networks_together(network: NetworkSpec, rule: Rule, batch_size: int) -> int:
    """Number of networks of this shape that a group should compute at once."""
    arrays = 2 + MOMENTS[rule]
    of_parameters = CACHE // (4 * arrays * network.parameter_count)
    values = network.inputs + 3 * sum(network.hidden) + 5 * network.outputs  # of a sample
    return max(1, min(of_parameters, BATCH_CACHE // (4 * batch_size * values)))


class NumpyEngine(Engine):
    """A population of networks trained with numpy on the processor, group by group.

    Raises:
        DeviceError: the machine has too little memory for the population.
    """

    can_be_lost = False

    def __init__(self, network: NetworkSpec, configs: TrainConfig | Sequence[TrainConfig]) -> None:
        super().__init__(network, configs)
        self.device = numpy_device()
        require_host_memory(self.population, network, self.rule, self.batch_size)
        shape = (self.population, network.parameter_count)
        self._parameters = np.zeros(shape, dtype=np.float32)
        self._moments = np.zeros((MOMENTS[self.rule], *shape), dtype=np.float32)
        self._splits: dict[Split, Samples] = {}
        self._together = networks_together(network, self.rule, self.batch_size)
        self._run(np.arange(self.population))

    def _run(self, networks: NDArray[np.intp]) -> None:
        """Split these networks into groups; all in a group have the same number of own rows."""
        kinds: dict[tuple[int, ...], list[int]] = {}
        for p in networks.tolist():
            kinds.setdefault(tuple(len(rows[p]) for rows in self.rows.values()), []).append(p)
        self._groups = [
            Group(self, part, self._parameters[part], self._moments[:, part])
            for kind in kinds.values()
            for part in self._parts(np.array(kind, np.intp))
        ]

    def _parts(self, networks: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        return np.array_split(networks, -(-len(networks) // self._together))

    def _run_again(self, networks: Sequence[int]) -> None:
        """Split these networks into groups again, keeping their parameters and moments."""
        self._parameters, self._moments = self.parameters(), self.moments()
        self._run(np.array(networks, dtype=np.intp))

    @property
    def _active(self) -> list[int]:
        """The networks that have not been deactivated, in ascending order."""
        return sorted(int(p) for one in self._groups for p in one.networks)

    def _load(self, split: Split, samples: Samples) -> None:
        """Keep a reference to the samples; nothing is copied."""
        self._splits[split] = samples
        if split in self.rows:
            self._run_again(self._active)

    def _own_rows(self, split: Split, group: Group) -> NDArray[np.uint32] | None:
        """The own rows (P, n) of a group's networks in a split; ``None`` if they use all rows."""
        rows = self.rows.get(split)
        return None if rows is None else np.stack([rows[p] for p in group.networks])

    def most_samples(self, split: Split, row_bytes: int) -> int:
        """Practically unlimited: samples stay where they are in memory."""
        return sys.maxsize

    def set_parameters(self, parameters: NDArray[np.float32]) -> None:
        """Set all weights and biases (P, N) and forget the optimizer's moments."""
        self._parameters[...] = parameters
        self._moments[...] = 0
        self._run(np.arange(self.population))

    def parameters(self) -> NDArray[np.float32]:
        """A copy of all weights and biases (P, N)."""
        for one in self._groups:
            self._parameters[one.networks] = one.parameters
        return self._parameters.copy()

    def set_moments(self, moments: NDArray[np.float32]) -> None:
        """Set the optimizer's moments (M, P, N)."""
        self._moments[...] = moments
        for one in self._groups:
            one.moments[...] = moments[:, one.networks]

    def moments(self) -> NDArray[np.float32]:
        """A copy of the optimizer's moments (M, P, N)."""
        for one in self._groups:
            self._moments[:, one.networks] = one.moments
        return self._moments.copy()

    def deactivate(self, networks: Collection[int]) -> None:
        """Exclude these networks from the following epochs."""
        if networks:
            self._run_again([p for p in self._active if p not in networks])

    def begin_epoch(
        self, order: NDArray[np.uint32], learning_rates: NDArray[np.float64], first_step: int
    ) -> None:
        """Start an epoch over the training split."""
        schedule = step_schedule(self.settings, learning_rates, first_step, self.optimizer)
        weights = self.loss_weights(self._splits["train"])
        own = self.rows.get("train")
        for one in self._groups:
            count = order.shape[1] if own is None else len(own[one.networks[0]])
            rows = order[one.networks, :count]
            one.begin_epoch(rows, schedule[one.networks], first_step, weights)

    def train(self, steps: int) -> None:
        """Take the epoch's next ``steps`` steps."""
        self._take(steps)

    def _take(self, steps: int, threads: int | None = None) -> None:
        samples = self._splits["train"]

        def take(group: Group) -> None:
            for _ in range(steps):
                group.train_step(samples)

        self._for_each_group(take, threads)

    def _for_each_group(
        self, work: Callable[[Group], Outcome], threads: int | None = None
    ) -> list[Outcome]:
        """The results of ``work`` for every group; by default with one thread per processor."""
        threads = min(len(self._groups), threads or processors())

        @numpy_conditions()
        def work_at(group: Group) -> Outcome:
            return work(group)

        if threads < 2:
            return [work_at(one) for one in self._groups]
        with (
            numpy_conditions(),
            ThreadPoolExecutor(threads, thread_name_prefix="groups") as pool,
        ):
            return list(pool.map(work_at, self._groups))

    def metrics(self) -> Metrics:
        """The epoch's metrics so far."""
        return self._metrics("train", [one.scores for one in self._groups])

    def evaluate(self, split: Split) -> Metrics:
        """Loss and hits over a whole split, without dropout."""
        samples = self._splits[split]
        scores = self._for_each_group(
            lambda group: group.evaluate(samples, self._own_rows(split, group))
        )
        return self._metrics(split, scores)

    def _metrics(self, split: Split, scores: Sequence[Scores]) -> Metrics:
        """The metrics of all groups; inactive networks have seen no samples."""
        loss, hits, weight = np.zeros((3, self.population))
        seen = np.zeros(self.population, dtype=np.int64)
        whole = True
        for one, own in zip(self._groups, scores, strict=True):
            found = own.hits()
            loss[one.networks], hits[one.networks] = own.loss(), found
            seen[one.networks], weight[one.networks] = own.seen, own.weight
            whole &= found.dtype == np.int64
        none = np.zeros(self.population)
        known = None if self._splits[split].weights is None else weight
        if self.network.kind == "measured":
            return Metrics(loss, none.astype(np.int64), seen, hits, known)
        return Metrics(loss, hits.astype(np.int64) if whole else hits, seen, none, known)

    def predict(self, split: Split) -> NDArray[np.float32]:
        """The answers (P, n, C) for every sample of a split; NaN for inactive networks."""
        samples = self._splits[split]
        shape = (self.population, len(samples), self.network.outputs)
        probabilities = np.full(shape, np.nan, dtype=np.float32)

        def answer(group: Group) -> None:
            for rows, found in group.predict(samples):
                probabilities[group.networks, rows] = found

        self._for_each_group(answer)
        return probabilities

    def time_kernels(self, steps: int) -> tuple[KernelTime, ...]:
        """Time the kernel functions with Python's profiler, summed over all layers and groups."""
        samples = self._splits["train"]
        counts = count_kernels(self.network, self.rule, self.batch_size, samples, self.population)
        return time_calls(group.__file__, lambda: self._take(steps, threads=1), steps, counts)


@contextlib.contextmanager
def numpy_conditions() -> Iterator[None]:
    """Run numpy without floating-point warnings and with one BLAS thread.

    A diverging run overflows; its loss shows that, so no step needs to warn.
    """
    with np.errstate(over="ignore", invalid="ignore"), _ONE_THREAD:
        yield


class _OneThread:
    """Limits BLAS, which the whole process shares, to one thread while any thread computes."""

    def __init__(self) -> None:
        self._limiter: Any = None
        self.forget_users()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forget_users)

    def forget_users(self) -> None:
        """Reset lock and users in a forked process, which lacks the threads that held the lock."""
        self._lock, self._users = Lock(), 0

    def __enter__(self) -> None:
        with self._lock:
            limiter = _blas().limit(limits=1)  # in every thread: OpenMP's limit is per thread
            if self._limiter is None:
                self._limiter = limiter
            self._users += 1

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                _let_anyone_limit()
                self._limiter.restore_original_limits()
                self._limiter = None
                _let_anyone_limit()


def _let_anyone_limit() -> None:
    """Let every thread set limits: threadpoolctl obeys only the first thread that set one."""
    for one in _blas().lib_controllers:
        if forget := getattr(one, "clear_controlling_thread", None):  # since version 3.8
            forget(force=True)


_ONE_THREAD = _OneThread()


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


def processors() -> int:
    """Number of processors that this process may use; 1 in a worker process."""
    if is_worker():
        return 1
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def numpy_device() -> DeviceInfo:
    """The numpy engine's device, as users see it."""
    return DeviceInfo(f"numpy on {_processor()}", "CPU", "numpy", f"numpy {np.__version__}")


@cache
def _processor() -> str:
    """The processor's model name, or at least its architecture."""
    with contextlib.suppress(OSError):  # only Linux has this file
        described = Path("/proc/cpuinfo").read_text("utf-8", errors="replace")
        if found := re.search(r"^model name\s*:\s*(\S.*)$", described, re.MULTILINE):
            return " ".join(MARKS.sub("", found[1]).split())
    return platform.processor() or platform.machine() or "an unknown processor"
