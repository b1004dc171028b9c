"""Measures a device's peak arithmetic and memory bandwidth in a quick trial.

No kernel is faster than the slower of the two allows (Williams et al., "Roofline", 2009). The
engines time the kernels themselves, for ``training.profile`` and ``bench``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from timeit import Timer

import numpy as np

from gpunet.engine.planning.passes import FLOAT_BYTES
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.device import OpenDevice, open_device
from gpunet.engine.wgpu.native import record_dispatches

__all__ = ["Roofline", "measure_roofline"]

LONG_ENOUGH = 0.01
"""Shortest trial in seconds; a shorter one is repeated with four times the size."""

TIMINGS = 3
"""Timings of each probe; the shortest counts, since disturbances only add time."""

THREADS = 64
"""Threads per workgroup in both probe shaders."""

ROUNDS = 1024
OPERATIONS_A_ROUND = 6 * 4 * 2
"""Operations per round of the probe: six sums of four numbers, with a multiply-add for each."""

GROUPS_EACH = 8
"""Groups of four floats that an invocation copies. On Mesa's software driver 8 are the fastest:
6.3 GB/s, against 5.3 with 1 and 2.8 with 32."""


@dataclass(frozen=True, slots=True)
class Roofline:
    """The highest rates that a device has reached.

    Args:
        operations_per_second: float32 multiplications and additions per second.
        bytes_per_second: bytes read and written per second.
    """

    operations_per_second: float
    bytes_per_second: float

    def seconds(self, operations: int, traffic: int) -> float:
        """The least time in seconds for ``operations`` operations and ``traffic`` bytes."""
        return max(operations / self.operations_per_second, traffic / self.bytes_per_second)


@cache
def measure_roofline(adapter: Adapter | None) -> Roofline:
    """An adapter's roofline, or numpy's for ``None``; measured once per process.

    An adapter runs chains of multiply-adds in registers and a copy in memory; numpy a matmul of
    square matrices and a copy. Both are tried at growing sizes, and the highest rate counts.
    """
    if adapter is None:
        return Roofline(
            max(2 * n**3 / _seconds(_product(n)) for n in (256, 512, 1024)),
            max(2 * n / _seconds(_copy(n)) for n in (1 << 16, 1 << 20, 1 << 24)),
        )
    device = open_device(adapter)
    operations, floats = OPERATIONS_A_ROUND * ROUNDS * THREADS, 4 * FLOAT_BYTES * THREADS
    chains = [(operations * n, n, floats * n) for n in (64, 256, 1024, 4096, 16384)]
    copied = 2 * GROUPS_EACH * floats
    copies = [(size, size // copied, size) for size in (1 << n for n in range(20, 29, 2))]
    with device.guarded():
        return Roofline(
            _best_rate(device, "probe_arithmetic", {"ROUNDS": ROUNDS}, chains),
            _best_rate(device, "probe_bandwidth", {"EACH": GROUPS_EACH}, copies),
        )


def _best_rate(
    device: OpenDevice,
    name: str,
    constants: Mapping[str, float],
    trials: Iterable[tuple[int, int, int]],
) -> float:
    """The highest amount per second in trials (amount, workgroups, bytes) of growing size."""
    best = 0.0
    for amount, groups, size in trials:
        if size > device.buffer_bytes or groups > 65535:
            break
        taken = _probe(device, name, constants, groups, size)
        best = max(best, amount / taken)
        if taken > LONG_ENOUGH:
            break
    return best


def _probe(
    device: OpenDevice, name: str, constants: Mapping[str, float], groups: int, size: int
) -> float:
    """The seconds that a probe shader takes with a buffer of ``size`` bytes."""
    import wgpu

    answer = device.handle.create_buffer(label=name, size=size, usage=wgpu.BufferUsage.STORAGE)
    dispatch = device.dispatch(name, (name,), constants, {"answer": answer}, (groups, 1, 1))

    def once() -> float:
        began = time.perf_counter()
        by_device = device.run_timed(lambda one: record_dispatches(one, [dispatch], 1, 1), name)
        return by_device or time.perf_counter() - began

    once()  # warms up
    shortest = min(once() for _ in range(TIMINGS))
    answer.destroy()
    return shortest


def _product(size: int) -> Callable[[], object]:
    factor = np.ones((size, size), dtype=np.float32)
    return lambda: factor @ factor


def _copy(size: int) -> Callable[[], object]:
    source = np.ones(size // FLOAT_BYTES, dtype=np.float32)
    target = np.empty_like(source)
    return lambda: np.copyto(target, source)


def _seconds(work: Callable[[], object]) -> float:
    work()  # warms up
    return min(Timer(work).repeat(TIMINGS, 1))
