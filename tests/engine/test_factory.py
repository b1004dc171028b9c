from __future__ import annotations

import contextlib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.engine import device_trial, factory
from gpunet.engine.device_trial import Trial
from gpunet.engine.factory import (
    Device,
    create_engine,
    next_best,
    select_device,
    select_device_again,
    settle,
)
from gpunet.engine.interface import DeviceInfo
from gpunet.engine.reference.numpy_engine import NumpyEngine, numpy_device
from gpunet.engine.wgpu.adapters import DEFAULT_LIMITS, Adapter
from gpunet.engine.wgpu.drivers import Machine
from gpunet.errors import DeviceError, SettingError, UsageError
from gpunet.files.cache import cache_folder


def adapter(
    index: int, name: str, kind: Any, *, usable: bool = True, backend: str = "Vulkan"
) -> Adapter:
    """An adapter as wgpu might list it."""
    return Adapter(
        index=index,
        info=DeviceInfo(name, kind, backend, "driver 1.0"),
        limits=dict(DEFAULT_LIMITS),
        timestamps=False,
        usable=usable,
        why="" if usable else "max-storage-buffers-per-shader-stage is 4, wanted 8",
        handle=None,
    )


SOFTWARE = adapter(0, "llvmpipe", "software adapter")
INTEGRATED = adapter(1, "Intel Iris Xe", "integrated GPU")
DISCRETE = adapter(2, "AMD Radeon RX 7600", "discrete GPU")
OLD = adapter(3, "Old GPU", "discrete GPU", usable=False)


@pytest.mark.parametrize(
    ("adapters", "expected"),
    [
        ([SOFTWARE, INTEGRATED, DISCRETE], DISCRETE),
        ([SOFTWARE, INTEGRATED], INTEGRATED),
        ([SOFTWARE, OLD], None),
        ([SOFTWARE], None),
        ([OLD], None),
        ([], None),
    ],
)
def test_auto_takes_the_best_hardware_else_numpy(
    adapters: list[Adapter], expected: Adapter | None
) -> None:
    choice = select_device("auto", adapters)
    assert expected is choice.adapter
    assert "\n" not in choice.reason


@pytest.mark.parametrize("selector", ["auto", "gpu"])
def test_where_shaders_are_looked_at_a_software_adapter_is_taken_before_numpy(
    selector: str,
) -> None:
    assert SOFTWARE is select_device(selector, [SOFTWARE, OLD], shaders=True).adapter


TWIN = adapter(4, "AMD Radeon RX 7600", "discrete GPU")


@pytest.mark.parametrize("selector", ["auto", "gpu"])
def test_workers_of_a_pool_take_gpus_that_are_alike_in_turn(
    selector: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []
    for number in range(4):
        worker = SimpleNamespace(_identity=(number,) if number else ())  # 0: of no pool
        monkeypatch.setattr("gpunet.engine.workers.current_process", lambda worker=worker: worker)
        taken.append(select_device(selector, [SOFTWARE, DISCRETE, INTEGRATED, TWIN]).adapter)
    assert taken == [DISCRETE, DISCRETE, TWIN, DISCRETE]


def test_workers_of_a_pool_take_the_devices_of_a_list_in_turn() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as first:
        one = first.submit(_name_of_device, ["cpu", "llvmpipe"]).result()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as second:
        other = second.submit(_name_of_device, ["cpu", "llvmpipe"]).result()
    assert {one, other} == {numpy_device().name, "llvmpipe"}
    assert _name_of_device(["llvmpipe", "cpu"]) == "llvmpipe"


def _name_of_device(selectors: list[str]) -> str:
    return select_device(selectors, [SOFTWARE]).info.name


def test_no_device_at_all_is_refused() -> None:
    with pytest.raises(SettingError, match=r"device is \[\], wanted a device's name or several"):
        select_device([])


def test_auto_without_an_adapter_says_how_to_get_a_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factory, "look", lambda: Machine(manager="apt-get"))
    choice = select_device("auto", [])
    assert "numpy" in choice.reason
    assert choice.advice == "install the Vulkan driver (`apt install mesa-vulkan-drivers`)"


def test_a_gpu_that_cannot_run_the_shaders_is_named_with_its_next_move() -> None:
    assert "update the driver of Old GPU" in str(select_device("auto", [SOFTWARE, OLD]).advice)


def test_auto_with_a_gpu_gives_no_advice() -> None:
    assert select_device("auto", [DISCRETE]).advice is None


@pytest.mark.parametrize(
    ("selector", "expected"),
    [("1", INTEGRATED), ("radeon", DISCRETE), ("LLVM", SOFTWARE), (" iris xe ", INTEGRATED)],
)
def test_an_adapter_is_named_by_index_or_part_of_its_name(selector: str, expected: Adapter) -> None:
    assert expected is select_device(selector, [SOFTWARE, INTEGRATED, DISCRETE]).adapter


@pytest.mark.parametrize(
    ("selector", "adapters", "wanted"),
    [
        ("nvidia", [SOFTWARE], "names no adapter of this machine; known are: 0 (llvmpipe)"),
        ("9", [SOFTWARE], "names no adapter"),
        ("", [SOFTWARE], "names no adapter"),
        ("0", [], "known are: none"),
        ("driver", [SOFTWARE, DISCRETE], "fits several adapters"),
        ("cuda", [SOFTWARE, DISCRETE], "asks for an NVIDIA GPU"),
        ("cuda", [], "no CUDA is needed"),
        ("rocm", [SOFTWARE, INTEGRATED], "asks for an AMD GPU"),
        ("mps", [DISCRETE], "asks for a Metal GPU"),
        ("gpu", [], "asks for a GPU"),
    ],
)
def test_a_wrong_name_is_answered_with_what_there_is(
    selector: str, adapters: list[Adapter], wanted: str
) -> None:
    with pytest.raises(UsageError) as caught:
        select_device(selector, adapters)
    assert wanted in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("selector", ["old", "gpu", "vulkan"])
def test_an_adapter_that_cannot_run_the_shaders_is_refused(selector: str) -> None:
    with pytest.raises(DeviceError, match="cannot run the shaders"):
        select_device(selector, [OLD])


NVIDIA = adapter(4, "NVIDIA GeForce RTX 4060", "discrete GPU")
METAL = adapter(5, "Apple M2", "integrated GPU", backend="Metal")
DIRECT3D = adapter(6, "Intel Arc A770", "discrete GPU", backend="D3D12")
ALL = [SOFTWARE, INTEGRATED, DISCRETE, NVIDIA, METAL, DIRECT3D]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("cuda", NVIDIA),
        ("CUDA", NVIDIA),
        ("rocm", DISCRETE),
        ("mps", METAL),
        ("metal", METAL),
        ("dx12", DIRECT3D),
        ("vulkan", DISCRETE),
        ("gpu", DISCRETE),
    ],
)
def test_the_words_of_other_programs_are_understood(selector: str, expected: Adapter) -> None:
    assert expected is select_device(selector, ALL).adapter


def test_who_asks_for_cuda_is_told_that_none_is_needed() -> None:
    assert "no CUDA is needed" in select_device("cuda", ALL).reason


def test_a_resumed_run_finds_its_device_again() -> None:
    again = select_device_again(str(SOFTWARE.info), ALL)
    assert again is not None
    assert again.adapter is SOFTWARE
    assert select_device_again("a device that was sold (discrete GPU, Vulkan)", ALL) is None
    numpy = select_device_again(str(select_device("cpu").info), ALL)
    assert numpy is not None
    assert numpy.adapter is None


def test_a_resumed_runs_device_that_fails_its_check_is_replaced_as_auto_would() -> None:
    again = select_device_again(str(DISCRETE.info), ALL)
    assert again is not None
    taken = next_best(again, ["max_norm not reproducible"])
    assert taken.adapter is not DISCRETE
    assert taken.info == select_device("auto", [one for one in ALL if one is not DISCRETE]).info


NETWORK = NetworkSpec(784, (16, 16), 10)
LONG = 100_000


@pytest.fixture
def races(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[float]:
    """Seconds of a step on numpy and on the adapter, in races to come; the last one stays."""
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path))
    monkeypatch.setattr(factory, "create_engine", lambda *_: contextlib.nullcontext())
    seconds = [3e-4, 2e-3]
    monkeypatch.setattr(factory, "race", lambda *_: Trial(seconds[0], seconds[1]))
    return seconds


def settled(adapters: list[Adapter], steps: int = LONG, networks: int = 1) -> Device:
    return settle(select_device("auto", adapters), NETWORK, TrainConfig(ensemble=networks), steps)


@pytest.mark.parametrize(
    ("adapter_seconds", "expected"),
    [(2e-3, None), (3e-4, None), (2.6e-4, None), (2.4e-4, SOFTWARE), (1e-5, SOFTWARE)],
)
def test_a_software_adapter_is_taken_if_it_is_clearly_faster(
    races: list[float], adapter_seconds: float, expected: Adapter | None
) -> None:
    races[1] = adapter_seconds
    choice = settled([SOFTWARE])
    assert choice.adapter is expected
    assert choice.info == (expected.info if expected else select_device("cpu").info)
    assert choice.trial == Trial(3e-4, adapter_seconds)


def test_a_trial_is_remembered_so_that_the_same_command_gives_the_same_bits(
    races: list[float],
) -> None:
    first = settled([SOFTWARE])
    races[:] = 1.0, 1e-3
    second = settled([SOFTWARE])
    assert (first.adapter, second.adapter) == (None, None)
    assert second.trial == Trial(3e-4, 2e-3, known=True)
    assert settled([SOFTWARE], networks=8).adapter is SOFTWARE  # another kind of training
    (cache_folder() / device_trial.FILE).unlink()
    assert settled([SOFTWARE]).adapter is SOFTWARE


def test_a_gpu_needs_no_trial(races: list[float]) -> None:
    assert settled([SOFTWARE, DISCRETE]).trial is None
    assert settled([SOFTWARE, DISCRETE]).adapter is DISCRETE


def test_a_short_training_begins_at_once(races: list[float]) -> None:
    races[:] = 1.0, 1e-3
    choice = settled([SOFTWARE], steps=100)
    assert (choice.adapter, choice.trial) == (None, None)
    assert "so short a training" in choice.reason


def test_an_adapter_that_fails_at_the_trial_leaves_the_work_to_numpy(
    races: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Trial:
        raise DeviceError("llvmpipe is out of memory")

    monkeypatch.setattr(factory, "race", fail)
    choice = settled([SOFTWARE])
    assert choice.adapter is None
    assert choice.reason == "numpy on the processor, since llvmpipe is out of memory"


def test_cpu_is_the_numpy_engine_whatever_adapters_there_are() -> None:
    choice = select_device("cpu", [DISCRETE])
    assert choice.adapter is None
    network = NetworkSpec(4, (), 2)
    engine = create_engine(choice, network, TrainConfig(batch_size=1))
    assert isinstance(engine, NumpyEngine)
