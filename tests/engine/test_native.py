from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.native import TYPES, declare_types, record_dispatches
from gpunet.engine.wgpu.wgpu_engine import WgpuEngine


@pytest.mark.parametrize("name", TYPES)
def test_a_type_that_was_declared_is_the_one_that_cffi_finds_itself(name: str) -> None:
    from wgpu.backends.wgpu_native import ffi

    declare_types()
    declared = ffi._parsed_types.pop(name)
    ffi._typeof(name, consider_function_as_funcptr=True)
    assert ffi._parsed_types[name] == declared
    assert ffi._parsed_types[name][0] is declared[0]


def test_without_cffis_own_store_nothing_is_declared_and_nothing_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wgpu.backends.wgpu_native.ffi", object())
    declare_types()


class Pass:
    """A compute pass of an implementation whose objects hold no handles of C."""

    def __init__(self) -> None:
        self.commands: list[tuple[object, ...]] = []

    def set_pipeline(self, pipeline: object) -> None:
        self.commands.append(("pipeline", pipeline))

    def set_bind_group(self, index: int, group: object) -> None:
        self.commands.append(("group", index, group))

    def dispatch_workgroups(self, *count: int) -> None:
        self.commands.append(("dispatch", *count))


def test_without_handles_of_c_dispatches_are_recorded_by_the_methods_of_wgpu() -> None:
    compute = Pass()
    record_dispatches(compute, [("multiply", "matrices", (3, 2, 9))], times=2, networks=5)
    once = [("pipeline", "multiply"), ("group", 0, "matrices"), ("dispatch", 3, 2, 5)]
    assert compute.commands == once * 2


def test_dispatches_are_recorded_alike_through_c_and_through_the_methods_of_wgpu(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    through_c = parameters_after_an_epoch(adapter)
    monkeypatch.delattr("wgpu.backends.wgpu_native.lib")
    np.testing.assert_array_equal(parameters_after_an_epoch(adapter), through_c)


def parameters_after_an_epoch(adapter: Adapter) -> NDArray[np.float32]:
    config = TrainConfig(hidden=(5,), batch_size=4)
    random = np.random.default_rng(0)
    samples = Samples(
        random.integers(0, 256, (40, 12), np.uint8), random.integers(0, 3, 40, np.int32)
    )
    with WgpuEngine(config.network(12, 3), (config,) * 2, adapter, "layered") as engine:
        engine.load("train", samples)
        order = np.arange(40, dtype=np.uint32)[np.newaxis]
        engine.begin_epoch(order, np.full((2, 10), 0.1), first_step=0)
        engine.train(10)
        return engine.parameters()
