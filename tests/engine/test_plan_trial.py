"""Up to which batch the persistent plan is taken on a GPU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.engine.device_trial import Trial
from gpunet.engine.factory import Device, create_engine
from gpunet.engine.interface import DeviceInfo
from gpunet.engine.planning.select import select_plan
from gpunet.engine.planning.tiles import Traits
from gpunet.engine.planning.workload import Workload
from gpunet.engine.timing import begin_random_epoch
from gpunet.engine.wgpu import plan_trial
from gpunet.engine.wgpu.adapters import DEFAULT_LIMITS, Adapter
from gpunet.engine.wgpu.plan_trial import persistent_rows
from gpunet.engine.wgpu.wgpu_engine import WgpuEngine
from gpunet.files.cache import cache_folder

NETWORK = NetworkSpec(20, (8,), 4)


def gpu(kind: str = "discrete GPU") -> Adapter:
    info = DeviceInfo("a GPU", kind, "Vulkan", "driver")  # type: ignore[arg-type]
    return Adapter(0, info, dict(DEFAULT_LIMITS), True, True, "", None)


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The batches that are tried; up to 8 the persistent plan is the faster one."""
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path))
    batches: list[int] = []

    def is_faster(_: Adapter, rows: int) -> bool:
        batches.append(rows)
        return rows <= 8

    monkeypatch.setattr(plan_trial, "_is_faster", is_faster)
    grant(monkeypatch, threads=512)
    return batches


def grant(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    """Let every GPU grant a workgroup so many threads."""
    opened = SimpleNamespace(traits=Traits(software=False, threads=threads))
    monkeypatch.setattr(plan_trial, "open_device", lambda _: opened)


def test_large_batches_are_not_tried_where_they_would_spill_registers(
    tried: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    grant(monkeypatch, threads=256)
    assert persistent_rows(gpu()) == 4
    assert tried == [4]


def test_a_gpus_border_is_measured_once_and_kept_until_it_is_forgotten(tried: list[int]) -> None:
    assert [persistent_rows(gpu()), persistent_rows(gpu())] == [8, 8]
    assert tried == [16, 8]
    (cache_folder() / plan_trial.FILE).unlink()
    assert persistent_rows(gpu()) == 8
    assert tried == [16, 8, 16, 8]


def test_a_gpu_that_is_always_slower_with_the_persistent_plan_never_takes_it(
    tried: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_trial, "_is_faster", lambda *_: False)
    assert persistent_rows(gpu()) == 0


def test_a_software_adapter_needs_no_trial(tried: list[int]) -> None:
    assert persistent_rows(gpu("software adapter")) == 16
    assert tried == []


@pytest.mark.parametrize(("rows", "expected"), [(8, True), (9, False)])
def test_beyond_the_border_the_layered_plan_is_taken_unless_the_other_is_asked_for(
    rows: int, expected: bool
) -> None:
    work = Workload(NETWORK, rows, Traits(software=False, persistent_rows=8))
    plan = select_plan(work)
    assert plan.many_steps == expected
    assert ("for more than 8 samples a batch" in plan.why) != expected
    assert select_plan(work, "persistent").many_steps


@pytest.mark.parametrize(("rows", "expected"), [(4, True), (5, False)])
def test_an_engine_keeps_to_the_border(
    adapter: Adapter, rows: int, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_trial, "persistent_rows", lambda _: 4)
    device = Device(adapter, adapter.info, "")
    with create_engine(device, NETWORK, TrainConfig(batch_size=rows)) as engine:
        assert isinstance(engine, WgpuEngine)
        begin_random_epoch(engine, 1)
        assert engine.training_plan().many_steps == expected
        engine.reopen()
        assert engine.training_plan().many_steps == expected


@pytest.mark.parametrize(("persistent", "expected"), [(0.9, True), (1.1, False)])
def test_the_two_plans_race(
    adapter: Adapter, persistent: float, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def race(*engines: WgpuEngine) -> Trial:
        for engine in engines:
            begin_random_epoch(engine, 1)
        assert [engine.training_plan().many_steps for engine in engines] == [False, True]
        return Trial(1.0, persistent)

    monkeypatch.setattr(plan_trial, "race", race)
    assert plan_trial._is_faster(adapter, 4) == expected


def test_a_trial_that_the_device_does_not_survive_leaves_the_layered_plan(
    adapter: Adapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path))

    def race(layered: WgpuEngine, _: WgpuEngine) -> Trial:
        layered._open.handle.destroy()
        begin_random_epoch(layered, 1)
        raise AssertionError("a destroyed device does nothing")

    monkeypatch.setattr(plan_trial, "race", race)
    card = replace(adapter, info=replace(adapter.info, kind="discrete GPU"))
    with create_engine(Device(card, card.info, ""), NETWORK, TrainConfig(batch_size=4)) as engine:
        assert isinstance(engine, WgpuEngine)
        begin_random_epoch(engine, 1)
        engine.train(1)
        assert engine.metrics().seen.tolist() == [4]
        assert not engine.training_plan().many_steps


def test_what_trains_nothing_makes_no_trial(adapter: Adapter, tried: list[int]) -> None:
    card = replace(adapter, info=replace(adapter.info, kind="discrete GPU"))
    device, config = Device(card, card.info, ""), TrainConfig(batch_size=4)
    for trains, expected in ((False, 0), (True, 2)):
        with create_engine(device, NETWORK, config, trains=trains):
            assert len(tried) == expected
