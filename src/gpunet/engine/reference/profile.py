"""Times each numpy kernel in a training step with Python's profiler.

The kernels are in ``kernels``, ``activations`` and ``optimizers``; ``group`` calls them. The
layered plan, whose passes do the same, counts their operations and bytes.
"""

from __future__ import annotations

import cProfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from gpunet.config import LOSS_FACTS, NetworkSpec
from gpunet.datasets.dataset import Samples
from gpunet.engine.interface import KernelTime
from gpunet.engine.planning.layered import training_plan
from gpunet.engine.planning.tiles import Traits
from gpunet.engine.planning.workload import Switches, Workload
from gpunet.engine.population import Rule

__all__ = ["count_kernels", "time_calls"]

KERNEL_FILES = ("kernels", "activations", "optimizers")

TWINS = {
    "update": "weight_gradient",
    "apply_update": "optimize",
    **{facts.kernel: "head" for facts in LOSS_FACTS.values()},
}
"""Functions of the numpy engine whose names differ from their passes' names, by pass."""


def count_kernels(
    network: NetworkSpec, rule: Rule, rows: int, samples: Samples, population: int
) -> dict[str, tuple[int, int]]:
    """The operations and bytes of each kernel in a step, summed over layers and networks.

    numpy stores the gradient between two kernels, as the layered plan does to clip by norm.
    """
    work = Workload(
        network,
        rows,
        Traits(software=True),
        population,
        features="bytes" if samples.features.dtype.itemsize == 1 else "floats",
        rule=rule,
        switches=Switches(clip_norm=True, max_norm=True),
    )
    counts: dict[str, tuple[int, int]] = {}
    for one in training_plan(work).passes:
        kernel = one.label.split()[0]
        name = TWINS.get(kernel, kernel)
        operations, traffic = counts.get(name, (0, 0))
        counts[name] = operations + one.operations, traffic + one.traffic
    return counts


def time_calls(
    caller: str, work: Callable[[], None], steps: int, counts: Mapping[str, tuple[int, int]]
) -> tuple[KernelTime, ...]:
    """Time the kernels that the functions of the file ``caller`` call.

    ``work`` takes ``steps`` steps; ``counts`` come from ``count_kernels``.
    """
    profiler = cProfile.Profile(builtins=False)
    profiler.runcall(work)
    seconds: dict[str, float] = defaultdict(float)
    for name, taken in _kernel_calls(profiler, caller):
        seconds[name] += taken
    return tuple(
        KernelTime(name, taken / steps, *counts.get(name, (None, None)))
        for name, taken in seconds.items()
    )


def _kernel_calls(profiler: cProfile.Profile, caller: str) -> Iterator[tuple[str, float]]:
    """The kernels' names and the seconds that they took, including the functions they call."""
    for entry in profiler.getstats():
        if isinstance(entry.code, str) or entry.code.co_filename != caller:
            continue
        for callee in entry.calls or ():
            code = callee.code
            if isinstance(code, str) or code.co_qualname != code.co_name:
                continue  # a method; kernels are plain functions
            if Path(code.co_filename).stem in KERNEL_FILES:
                yield code.co_name, callee.totaltime
