from __future__ import annotations

from typing import Any

import pytest

from gpunet.config import NetworkSpec
from gpunet.engine.device import DEFAULT_LIMITS, Adapter
from gpunet.engine.factory import choose, create_engine
from gpunet.engine.interface import DeviceInfo, NetworkSettings
from gpunet.engine.numpy_engine import NumpyEngine
from gpunet.errors import DeviceError


def adapter(index: int, name: str, kind: Any, *, usable: bool = True) -> Adapter:
    """An adapter as wgpu might list it."""
    return Adapter(
        index=index,
        info=DeviceInfo(name, kind, "Vulkan", "driver 1.0"),
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
        ([SOFTWARE, OLD], SOFTWARE),
        ([OLD], None),
        ([], None),
    ],
)
def test_auto_takes_hardware_before_software_before_numpy(
    adapters: list[Adapter], expected: Adapter | None
) -> None:
    choice = choose("auto", adapters)
    assert expected is choice.adapter
    assert "\n" not in choice.reason


def test_auto_without_an_adapter_says_how_to_get_a_driver() -> None:
    choice = choose("auto", [])
    assert "numpy" in choice.reason
    assert choice.advice is not None
    assert "install a Vulkan driver" in choice.advice


def test_auto_with_a_gpu_gives_no_advice() -> None:
    assert choose("auto", [DISCRETE]).advice is None


@pytest.mark.parametrize(
    ("selector", "expected"),
    [("1", INTEGRATED), ("radeon", DISCRETE), ("LLVM", SOFTWARE), (" iris xe ", INTEGRATED)],
)
def test_an_adapter_is_named_by_index_or_part_of_its_name(selector: str, expected: Adapter) -> None:
    assert expected is choose(selector, [SOFTWARE, INTEGRATED, DISCRETE]).adapter


@pytest.mark.parametrize(
    ("selector", "adapters", "wanted"),
    [
        ("nvidia", [SOFTWARE], "names no adapter of this machine; known are: 0 (llvmpipe)"),
        ("9", [SOFTWARE], "names no adapter"),
        ("", [SOFTWARE], "names no adapter"),
        ("0", [], "known are: none"),
        ("driver", [SOFTWARE, DISCRETE], "fits several adapters"),
        ("old", [OLD], "cannot run the shaders"),
    ],
)
def test_a_wrong_name_is_answered_with_what_there_is(
    selector: str, adapters: list[Adapter], wanted: str
) -> None:
    with pytest.raises(DeviceError) as caught:
        choose(selector, adapters)
    assert wanted in str(caught.value)
    assert "\n" not in str(caught.value)


def test_cpu_is_the_numpy_engine_whatever_adapters_there_are() -> None:
    choice = choose("cpu", [DISCRETE])
    assert choice.adapter is None
    network = NetworkSpec(4, (), 2)
    engine = create_engine(choice, network, (NetworkSettings(0),), "adam", 1)
    assert isinstance(engine, NumpyEngine)
