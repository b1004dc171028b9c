"""Where the time of a training step goes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.engines import numpy_engine

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.interface import DeviceInfo, Engine, KernelTime
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.engine.wgpu.roofline import Roofline
from gpunet.engine.wgpu.wgpu_engine import WgpuEngine
from gpunet.training.profile import Profile, measure_profile

ROOFLINE = Roofline(1e9, 1e9)


@pytest.mark.parametrize("count", [3, 64])
@pytest.mark.parametrize("clip_norm", [0.0, 1.0])
def test_every_kernel_of_every_plan_is_timed(
    make_engine: Callable[..., Engine],
    random_samples: Callable[..., Samples],
    count: int,
    clip_norm: float,
) -> None:
    config = TrainConfig(hidden=(8,), batch_size=4, clip_norm=clip_norm)
    engine = make_engine(config.network(20, 3), config)
    profile = measure_profile(engine, ROOFLINE, random_samples(count, 20, 3))
    assert all(kernel.seconds > 0 for kernel in profile.kernels)
    assert -(-count // 4) == profile.steps
    assert profile.seconds > 0
    labels = [kernel.label for kernel in profile.kernels]
    if isinstance(engine, WgpuEngine):
        assert [one.label for one in engine.training_plan().passes] == labels
        assert all(profile.of_roofline(kernel) is not None for kernel in profile.kernels)
    else:
        assert {"forward", "weight_gradient", "input_gradient", "optimize"} <= set(labels)
        assert bool(clip_norm) == ("gradient_norm" in labels)
        assert profile.host_share is None


def test_a_devices_clock_tells_how_long_it_waited_for_its_host(
    make_engine: Callable[..., Engine], random_samples: Callable[..., Samples]
) -> None:
    config = TrainConfig(hidden=(8,), batch_size=4)
    engine = make_engine(config.network(20, 3), config)
    profile = measure_profile(engine, ROOFLINE, random_samples(200, 20, 3))
    if profile.busy_seconds is not None:
        assert 0 < profile.busy_seconds < profile.seconds
        assert 1 - profile.busy_seconds / profile.seconds == profile.host_share


def test_a_kernels_times_are_its_own_in_whatever_order_they_come(
    random_samples: Callable[..., Samples],
) -> None:
    orders = iter([{"a": 5.0, "b": 2.0}, {"b": 2.0, "a": 1.0}, {"b": 2.0, "a": 1.0}])

    class Scripted(NumpyEngine):
        def time_kernels(self, steps: int) -> tuple[KernelTime, ...]:
            return tuple(KernelTime(*one, None, None) for one in next(orders).items())

    config = TrainConfig(hidden=(8,), batch_size=4)
    engine = numpy_engine(config, 20, 3, Scripted)
    profile = measure_profile(engine, ROOFLINE, random_samples(12, 20, 3))
    assert [(one.label, one.seconds) for one in profile.kernels] == [("b", 2), ("a", 1)]


def test_shares_are_of_the_kernels_time_and_of_the_roofline() -> None:
    kernels = (KernelTime("a", 3e-3, 1_000_000, 1_000), KernelTime("b", 1e-3, None, None))
    info = DeviceInfo("card", "discrete GPU", "Vulkan", "1.0")
    profile = Profile(info, kernels, Roofline(1e9, 1e9), 10, 0.05, 0.04)
    assert pytest.approx(profile.share(kernels[0])) == 0.75
    assert pytest.approx(profile.of_roofline(kernels[0])) == 1 / 3
    assert profile.of_roofline(kernels[1]) is None
    assert pytest.approx(profile.step_seconds) == 5e-3
    assert pytest.approx(profile.host_share) == 0.2
