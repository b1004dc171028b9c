"""What a device reaches at most."""

from __future__ import annotations

import pytest

from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.roofline import Roofline, measure_roofline


def test_the_slower_of_arithmetic_and_memory_bounds_a_kernel() -> None:
    roofline = Roofline(operations_per_second=1e9, bytes_per_second=1e6)
    assert pytest.approx(roofline.seconds(1_000_000, 10)) == 1e-3
    assert pytest.approx(roofline.seconds(10, 1_000)) == 1e-3


def test_an_adapter_and_numpy_reach_something_that_is_measured_once(adapter: Adapter) -> None:
    for device in (adapter, None):
        roofline = measure_roofline(device)
        assert roofline.operations_per_second > 1e8
        assert roofline.bytes_per_second > 1e7
        assert roofline is measure_roofline(device)
