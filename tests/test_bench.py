from __future__ import annotations

import pytest

from gpunet.bench import Case, run
from gpunet.config import NetworkSpec
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.roofline import measure_roofline

CASE = Case(NetworkSpec(20, (8,), 4), 16)
OPERATIONS = ["matmul", "forward", "cross-entropy", "Adam update", "training step"]


def test_every_operation_is_measured_on_numpy_and_on_the_adapter(adapter: Adapter) -> None:
    measured = list(run([adapter], [CASE], timings=1))
    for device in ("numpy", adapter.info.name):
        own = [one for one in measured if one.device == device]
        assert [one.operation for one in own] == OPERATIONS
        assert all(one.wall_seconds > 0 and one.rate > 0 for one in own)
    timed = [one.device_seconds for one in measured if one.device != "numpy"]
    if adapter.timestamps:
        # The whole step is measured by the wall clock alone.
        assert all(seconds is not None and seconds > 0 for seconds in timed[:-1])


def test_operations_are_counted_as_two_per_weight_and_sample() -> None:
    amounts = {one.operation: one.amount for one in run([], [CASE], timings=1)}
    first, weights = 21 * 8, 21 * 8 + 9 * 4
    assert 2 * 16 * first == amounts["matmul"]
    assert 2 * 16 * weights == amounts["forward"]
    assert 2 * 16 * (3 * weights - first) == amounts["training step"]


def test_every_operation_is_compared_with_what_its_device_reaches(adapter: Adapter) -> None:
    measured = list(run([adapter], [CASE], timings=1, roofline=True))
    assert all(one.roofline is not None and one.roofline > 0 for one in measured)
    forward = next(one for one in measured if one.operation == "forward")
    limits = measure_roofline(None)
    bytes_moved = (16 * 20 + 4 * (21 * 8 + 2 * 16 * 8), 4 * (16 * 8 + 9 * 4 + 16 * 4))
    least = sum(
        limits.seconds(operations, traffic)
        for operations, traffic in zip((2 * 16 * 20 * 8, 2 * 16 * 8 * 4), bytes_moved, strict=True)
    )
    assert forward.roofline == pytest.approx(least / forward.seconds)
    assert all(one.roofline is None for one in run([], [CASE], timings=1))
