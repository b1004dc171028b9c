"""``gpunet devices``: what the machine has, made up here so that every kind is seen."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gpunet.engine.device_trial import Trial, TrialCache
from gpunet.engine.interface import DeviceInfo
from gpunet.engine.wgpu.adapters import DEFAULT_LIMITS, Adapter
from gpunet.engine.wgpu.drivers import Machine

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

LARGE = Adapter(
    index=0,
    info=DeviceInfo("Large One", "discrete GPU", "Vulkan", "driver 5"),
    limits={**DEFAULT_LIMITS, "max-buffer-size": 1 << 34},
    timestamps=True,
    usable=True,
    why="",
    handle=None,
)
OLD = Adapter(
    index=1,
    info=DeviceInfo("Old One", "integrated GPU", "Vulkan", "driver 1"),
    limits={**DEFAULT_LIMITS, "max-storage-buffers-per-shader-stage": 4},
    timestamps=False,
    usable=False,
    why="max-storage-buffers-per-shader-stage is 4, wanted 8",
    handle=None,
)


@pytest.fixture
def _two_adapters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpunet.engine.factory.list_adapters", lambda: (LARGE, OLD))


@pytest.fixture
def _no_adapter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpunet.engine.factory.list_adapters", lambda: ())
    monkeypatch.setattr("gpunet.engine.factory.look", lambda: Machine(manager="apt-get"))


@pytest.mark.usefixtures("_two_adapters")
def test_every_adapter_is_listed_with_its_limits_and_what_it_lacks(gpunet: RunCommand) -> None:
    ran = gpunet("devices")
    assert (ran.code, ran.err) == (0, "")
    assert "0    Large One (auto)" in ran.out
    assert "discrete GPU, Vulkan, driver 5" in ran.out
    assert "buffers up to 16,384 MiB" in ran.out
    assert "1    Old One\n" in ran.out
    assert f"cannot be used: {OLD.why}" in ran.out
    assert "auto takes Large One" in ran.out
    assert "cpu  numpy on " in ran.out


@pytest.mark.usefixtures("_two_adapters")
def test_json_tells_the_same(gpunet: RunCommand) -> None:
    content = json.loads(gpunet("devices", "--json").out)
    assert [adapter["usable"] for adapter in content["adapters"]] == [True, False]
    assert [None, OLD.why] == [adapter["why_not"] for adapter in content["adapters"]]
    assert LARGE.limits == content["adapters"][0]["limits"]
    assert content["auto"]["index"] == 0
    assert content["cpu"]["backend"] == "numpy"


@pytest.mark.usefixtures("_no_adapter")
def test_a_machine_without_adapters_is_told_what_to_do(gpunet: RunCommand) -> None:
    ran = gpunet("devices")
    assert (ran.code, ran.err) == (0, "")
    assert "auto takes numpy on the processor" in ran.out
    assert "cpu  numpy on" in ran.out
    assert "(auto)" in ran.out
    assert "apt install mesa-vulkan-drivers" in " ".join(ran.out.split())
    content = json.loads(gpunet("devices", "--json").out)
    assert content["adapters"] == []
    assert content["auto"]["index"] is None
    assert content["auto"]["advice"] in " ".join(ran.out.split())
    assert max(len(line) for line in ran.out.splitlines()) <= 80


def test_trials_can_be_forgotten(gpunet: RunCommand) -> None:
    cache = TrialCache(LARGE.info)
    cache.keep("work", Trial(1e-3, 2e-3))
    assert TrialCache(LARGE.info).trial("work") is not None
    for _ in range(2):
        ran = gpunet("devices", "--forget")
        assert (ran.code, ran.err) == (0, "")
    assert TrialCache(LARGE.info).trial("work") is None


@pytest.mark.usefixtures("_two_adapters")
def test_every_limit_is_told_in_its_unit(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {
        **LARGE.limits,
        "max-storage-buffer-binding-size": 3 << 30,
        "max-compute-invocations-per-workgroup": 1024,
        "max-compute-workgroup-storage-size": 48 << 10,
    }
    found = (replace(LARGE, limits=limits),)
    monkeypatch.setattr("gpunet.engine.factory.list_adapters", lambda: found)
    words = " ".join(gpunet("devices").out.split())
    assert "buffers up to 16,384 MiB, 3,072 MiB of them bound at once" in words
    assert "1,024 invocations and 48 KiB per workgroup" in words


def test_the_software_adapter_that_a_longer_training_tries_is_named(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    soft = replace(
        LARGE, info=DeviceInfo("Soft One (LLVM 15)", "software adapter", "Vulkan", "driver 5")
    )
    monkeypatch.setattr("gpunet.engine.factory.list_adapters", lambda: (soft,))
    monkeypatch.setattr("gpunet.engine.factory.look", lambda: Machine(manager="apt-get"))
    out = gpunet("devices").out
    assert "a longer training tries Soft One, too, and takes the faster one" in out
    assert "0    Soft One (LLVM 15)\n" in out
