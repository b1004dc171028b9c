"""What a run uses of the machine is measured once a second, and left out where nobody tells."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.interface import Engine
from gpunet.engine.wgpu.wgpu_engine import WgpuEngine
from gpunet.training import usage
from gpunet.training.usage import UsageMeter, own_memory

LINUX = sys.platform.startswith("linux")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def begun(
    make_engine: Callable[..., Engine], random_samples: Callable[..., Samples]
) -> Iterator[Engine]:
    """An engine in the midst of an epoch."""
    config = TrainConfig(hidden=(8,), batch_size=4)
    engine = make_engine(config.network(20, 3), config)
    engine.load("train", random_samples(400, 20, 3))
    engine.set_parameters(engine.initial_parameters())
    engine.begin_epoch(np.arange(400, dtype=np.uint32)[None], np.full((1, 100), 0.01), 0)
    engine.train(10)
    engine.metrics()
    yield engine
    engine.close()


def test_steps_are_timed_once_a_second_by_both_clocks(begun: Engine) -> None:
    clock = Clock()
    meter = UsageMeter(begun, clock)
    for seconds, timed in ((0.5, None), (0.6, 0.004), (0.9, 0.004)):
        clock.now += seconds
        with meter.steps(10):
            begun.train(10)
            begun.metrics()
            assert begun.clocked == (timed is not None and seconds == 0.6 and _has_clock(begun))
            clock.now += 0.04
        assert not begun.clocked
        used = meter.now()
        assert used.step_seconds == (timed and pytest.approx(timed))
        if timed and _has_clock(begun):
            assert used.device_share is not None
            assert 0 < used.device_share <= 1
        else:
            assert used.device_share is None


def _has_clock(engine: Engine) -> bool:
    return engine.busy_seconds() is not None


def test_a_device_that_fails_is_no_longer_timed(begun: Engine) -> None:
    clock = Clock()
    meter = UsageMeter(begun, clock)
    clock.now += 2
    with pytest.raises(ZeroDivisionError), meter.steps(1):
        raise ZeroDivisionError
    assert not begun.clocked
    assert meter.now().step_seconds is None


def test_memory_is_that_of_the_buffers_and_of_the_process(begun: Engine) -> None:
    used = UsageMeter(begun, Clock()).now()
    if isinstance(begun, WgpuEngine):
        assert used.device_memory == sum(one.size for one in begun._buffers._named.values())
        assert used.device_memory is not None
        assert used.device_memory > 400 * 20  # the samples, a byte for each feature
    else:
        assert used.device_memory is None
    if LINUX:
        assert used.host_memory is not None
        assert 10e6 < used.host_memory < 100e9


@pytest.mark.skipif(not LINUX, reason="Linux alone tells")
def test_more_memory_is_seen() -> None:
    before = own_memory()
    held = np.ones(10_000_000)  # 80 MB
    after = own_memory()
    assert before is not None
    assert after is not None
    assert 70e6 < after - before < 200e6
    del held


def test_a_system_that_tells_of_no_memory_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "PAGES", usage.PAGES / "nothing")
    assert own_memory() is None


def test_processors_are_those_of_the_second_before(
    begun: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, worked = Clock(), 5.0
    monkeypatch.setattr(time, "process_time", lambda: worked)
    meter = UsageMeter(begun, clock)
    told = []
    for seconds, more in ((0.5, 0.6), (1.5, 2.4), (0.9, 9.0)):
        clock.now += seconds
        worked += more
        told.append(meter.now().processors)
    assert told == [None, pytest.approx(1.5), pytest.approx(1.5)]
