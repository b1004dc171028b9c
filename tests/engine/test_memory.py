from __future__ import annotations

from collections.abc import Callable

import pytest

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.factory import Device, largest_population, select_device
from gpunet.engine.planning.memory import buffer_bytes, most_networks, require_fit
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.wgpu_engine import WgpuEngine
from gpunet.errors import DeviceError

NETWORK = NetworkSpec(784, (16, 16), 10)


def test_a_network_takes_of_each_buffer_what_the_engine_makes_it(
    adapter: Adapter, random_samples: Callable[..., Samples]
) -> None:
    with WgpuEngine(NETWORK, (TrainConfig(batch_size=20),) * 2, adapter, "layered") as engine:
        engine.load("train", random_samples(50, 784, 10))
        training = engine._compile_training(50)
        needs = buffer_bytes(NETWORK, "adam", 20, 50, engine._traits)
        made = {
            name: engine._buffers[name].size for name in needs if name in engine._buffers._named
        }
    assert set(needs) - set(made) == {"evaluation's values"}
    assert {name: 2 * needs[name] for name in made} == made
    assert 2 * needs["values"] == 8 * training.plan.values


def test_the_largest_population_fits_and_one_more_does_not() -> None:
    needs = {"parameters": 10, "moments": 30}
    most = most_networks(needs, 100)
    assert most == 3
    require_fit(most, needs, 100, "the device")
    with pytest.raises(DeviceError, match="at most 3 networks fit"):
        require_fit(most + 1, needs, 100, "the device")


def test_a_population_that_does_not_fit_is_refused_before_anything_is_made(
    adapter: Adapter,
) -> None:
    wide = NetworkSpec(784, (4096,), 10)
    choice = Device(adapter, adapter.info, "", None)
    most = largest_population(choice, wide, "adam", 8)
    assert most is not None
    with pytest.raises(DeviceError, match=f"for moments.*at most {most:,} networks fit"):
        WgpuEngine(wide, (TrainConfig(batch_size=8),) * (most + 1), adapter)


def test_numpy_refuses_what_the_machine_does_not_hold() -> None:
    wide = NetworkSpec(784, (65_536,), 10)
    most = largest_population(select_device("cpu"), wide, "adam", 8)
    if most is None:
        pytest.skip("this system does not tell how much memory it has")
    with pytest.raises(DeviceError, match="this machine has room for"):
        NumpyEngine(wide, (TrainConfig(batch_size=8),) * (most + 1))
