from __future__ import annotations

import dataclasses
import platform
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.factory import select_device
from gpunet.engine.reference.numpy_engine import numpy_device
from gpunet.engine.wgpu import device as device_module
from gpunet.engine.wgpu.adapters import DEFAULT_LIMITS, SIZE_LIMITS, Adapter, list_adapters
from gpunet.engine.wgpu.device import open_device
from gpunet.engine.wgpu.wgpu_engine import WgpuEngine
from gpunet.errors import DeviceError


def test_no_opengl_adapter_is_listed() -> None:
    assert not [one for one in list_adapters() if one.info.backend == "OpenGL"]


def test_a_device_grants_a_browsers_default_limits_and_no_more_but_threads(
    adapter: Adapter,
) -> None:
    device = open_device(adapter)
    limits = device.handle.limits
    for name, wanted in DEFAULT_LIMITS.items():
        if name in device_module.THREAD_LIMITS:
            assert limits[name] == device.traits.threads == min(512, adapter.limits[name]), name
        elif name not in SIZE_LIMITS:
            assert limits[name] == wanted, name


@pytest.mark.skipif("fork" not in get_all_start_methods(), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_process_forked_from_one_with_adapters_is_refused_them_instead_of_hanging(
    adapter: Adapter,
) -> None:
    with get_context("fork").Pool(1) as pool:
        asked = pool.apply_async(list_adapters)
        with pytest.raises(DeviceError, match=r"was forked .* use device=\"cpu\"$"):
            asked.get(timeout=60)
        assert pool.apply_async(_device_name, ("cpu",)).get(timeout=60) == numpy_device().name


def _device_name(selector: str) -> str:
    return select_device(selector).info.name


def test_numpy_s_device_has_the_name_of_the_processor() -> None:
    name = numpy_device().name.removeprefix("numpy on ")
    described = Path("/proc/cpuinfo")
    if not described.exists() or "model name" not in described.read_text():
        pytest.skip("this system does not tell it")
    assert all(word in described.read_text() for word in name.split())
    assert name != platform.machine()


def test_an_adapter_is_opened_once(adapter: Adapter) -> None:
    assert open_device(adapter) is open_device(adapter)


def test_the_loops_limit_of_mesas_software_driver_is_noticed(adapter: Adapter) -> None:
    expected = 65_535 if "llvmpipe" in adapter.info.name else None
    assert expected == open_device(adapter).iterations


def test_work_beyond_the_loops_limit_is_refused_in_one_sentence(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = dataclasses.replace(open_device(adapter), iterations=20)
    monkeypatch.setattr("gpunet.engine.wgpu.device_networks.open_device", lambda _: limited)
    engine = WgpuEngine(NetworkSpec(100, (4,), 3), TrainConfig(batch_size=8), adapter)
    engine.load("train", Samples(np.zeros((8, 100), np.uint8), np.zeros(8, np.int32)))
    with pytest.raises(DeviceError, match="stops a shader after 20 loop iterations") as caught:
        engine.begin_epoch(np.arange(8, dtype=np.uint32)[None], np.full((1, 1), 0.1), 0)
    assert 'device="cpu"' in str(caught.value)
    assert "\n" not in str(caught.value)


def test_features_up_to_the_loops_limit_are_summed_whole(adapter: Adapter) -> None:
    """The longest sum that the command line admits on such a driver loses no term."""
    features = 200_000  # 50,000 iterations of four terms
    engine = WgpuEngine(
        NetworkSpec(features, (), 2), TrainConfig(optimizer="sgd", batch_size=1), adapter
    )
    parameters = np.zeros((1, engine.network.parameter_count), np.float32)
    parameters[0, 0 : 2 * features : 2] = 1 / features
    engine.set_parameters(parameters)
    engine.load("test", Samples(np.full((1, features), 255, np.uint8), np.zeros(1, np.int32)))
    probabilities = engine.predict("test")
    engine.close()
    # The first logit is the sum of all weights, 1; 200,000 float32 terms round by less than 1e-2.
    np.testing.assert_allclose(probabilities[0, 0, 0], 1 / (1 + np.exp(-1)), atol=2e-3)


def test_a_buffer_that_no_binding_holds_is_refused_in_one_sentence(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = dataclasses.replace(open_device(adapter), buffer_bytes=1 << 20)
    monkeypatch.setattr("gpunet.engine.wgpu.device_networks.open_device", lambda _: small)
    engine = WgpuEngine(NetworkSpec(100, (4,), 3), TrainConfig(batch_size=8), adapter)
    samples = Samples(np.zeros((20_000, 100), np.uint8), np.zeros(20_000, np.int32))
    with pytest.raises(DeviceError, match="binds at most 1 MiB") as caught:
        engine.load("train", samples)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("lanes", "expected"), [(8, 512), (32, 512), (64, 256)])
def test_a_gpu_whose_waves_are_all_wide_gets_smaller_workgroups(lanes: int, expected: int) -> None:
    handle = SimpleNamespace(info={"device": "a GPU", "subgroup_min_size": lanes})
    assert device_module._most_threads(SimpleNamespace(handle=handle)) == expected  # type: ignore[arg-type]
