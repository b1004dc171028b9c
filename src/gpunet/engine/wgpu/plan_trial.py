"""Measures the largest batch for which the persistent plan is faster on a GPU, and keeps it.

On software adapters this plan is faster wherever a workgroup can hold the network. On a GPU it
uses only one multiprocessor per network, so the layered plan wins from some batch size on, which
depends on the GPU.
"""

from __future__ import annotations

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.engine.device_trial import race
from gpunet.engine.measurements import Measurements
from gpunet.engine.planning.persistent import MOST_ROWS
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.device import open_device, reopen_device
from gpunet.engine.wgpu.wgpu_engine import WgpuEngine
from gpunet.errors import DeviceError

__all__ = ["FILE", "persistent_rows", "plan_border"]

TRIED = NetworkSpec(784, (16, 16), 10)

MOST_ROWS_WITH_FEW_THREADS = 4
"""Largest batch to try if a workgroup has only 256 threads: with Adam and 8 rows AMD's compiler
lacks registers for 94 of a thread's values (``benchmarks/results/amd-compiler.md``)."""

FILE, KEY = "borders.json", "largest batch of the persistent plan"
"""The file of measured batch sizes and their key in it; delete the file to measure them again."""


def persistent_rows(adapter: Adapter) -> int:
    """The largest batch for which an adapter uses the persistent plan.

    On a GPU it is measured once, with Adam, and kept. The results of the two plans differ in their
    last bits, so this lets the same command give the same bits again.
    """
    if adapter.software:
        return MOST_ROWS
    kept = Measurements(adapter.info, FILE)
    known = kept.get(KEY)
    if isinstance(known, int) and 0 <= known <= MOST_ROWS:
        return known
    few = open_device(adapter).traits.threads <= 256
    most = MOST_ROWS_WITH_FEW_THREADS if few else MOST_ROWS
    batches = (rows for rows in (MOST_ROWS, 8, 4, 2, 1) if rows <= most)
    found = next((rows for rows in batches if _is_faster(adapter, rows)), 0)
    kept.keep(KEY, found)
    return found


def plan_border(adapter: Adapter, config: TrainConfig) -> int | None:
    """``persistent_rows``, or ``None`` if the batch is too large for any persistent plan."""
    return persistent_rows(adapter) if config.batch_size <= MOST_ROWS else None


def _is_faster(adapter: Adapter, rows: int) -> bool:
    """Whether the persistent plan runs and is faster at this batch size."""
    config = TrainConfig(optimizer="adam", batch_size=rows)
    try:
        with (
            WgpuEngine(TRIED, config, adapter, "layered") as layered,
            WgpuEngine(TRIED, config, adapter, "persistent") as persistent,
        ):
            trial = race(layered, persistent)
    except DeviceError:
        reopen_device(adapter)
        return False
    return trial.adapter < trial.numpy
