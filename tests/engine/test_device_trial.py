"""The trial between numpy and a software adapter, and how it is remembered."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.engine.device_trial import ROUNDS, Trial, TrialCache, race, work_key
from gpunet.engine.interface import DeviceInfo
from gpunet.engine.reference.numpy_engine import NumpyEngine

NETWORK = NetworkSpec(6, (4,), 3)
ADAPTER = DeviceInfo("llvmpipe", "software adapter", "Vulkan", "Mesa 1")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that only steps of a ``Sleeper`` move on, so that a busy machine changes nothing."""
    Sleeper.now = 0.0
    watch = SimpleNamespace(perf_counter=lambda: Sleeper.now)
    monkeypatch.setattr("gpunet.engine.timing.time", watch)


class Sleeper(NumpyEngine):
    """An engine whose steps last as long as it is told; its first ones compile."""

    now = 0.0
    """Seconds that all of them have spent."""

    def __init__(self, log: list[str], name: str, seconds: float) -> None:
        super().__init__(NETWORK, TrainConfig(batch_size=4))
        self.log, self.name, self.seconds, self.compiled = log, name, seconds, False

    def train(self, steps: int) -> None:
        Sleeper.now += steps * self.seconds + (0.0 if self.compiled else 0.2)
        self.compiled = True
        self.log.append(self.name)


@pytest.mark.usefixtures("clock")
def test_the_two_take_turns_and_warming_up_does_not_count() -> None:
    log: list[str] = []
    trial = race(Sleeper(log, "numpy", 0.004), Sleeper(log, "adapter", 0.008))
    assert trial.numpy == pytest.approx(0.004)
    assert trial.adapter == pytest.approx(0.008)
    assert log[-2 * ROUNDS :] == ["numpy", "adapter"] * ROUNDS
    assert not trial.known


@pytest.mark.usefixtures("clock")
def test_rounds_that_something_disturbs_are_taken_again() -> None:
    log: list[str] = []

    class Disturbed(Sleeper):
        """Takes three times as long for most of the first rounds that count."""

        def train(self, steps: int) -> None:
            count = log.count("numpy")
            super().train(3 * steps if 3 <= count < 3 + ROUNDS - 2 else steps)

    trial = race(Disturbed(log, "numpy", 0.004), Sleeper(log, "adapter", 0.004))
    assert not trial.adapter_wins
    assert trial.numpy == pytest.approx(0.004)
    assert log.count("numpy") > 2 * ROUNDS


@pytest.mark.usefixtures("clock")
def test_long_steps_are_timed_less_often() -> None:
    log: list[str] = []
    race(Sleeper(log, "numpy", 0.001), Sleeper(log, "adapter", 1.1))
    assert log.count("adapter") == 5  # two to warm up, and three that count
    assert Sleeper.now < 8


@pytest.mark.parametrize(
    ("numpy", "adapter", "wins"), [(1.0, 1.0, False), (1.19, 1.0, False), (1.21, 1.0, True)]
)
def test_an_adapter_wins_by_a_fifth(numpy: float, adapter: float, wins: bool) -> None:
    assert Trial(numpy, adapter).adapter_wins is wins


def test_a_trial_is_known_to_the_next_run_with_the_same_driver(tmp_path: Path) -> None:
    path = tmp_path / "devices.json"
    TrialCache(ADAPTER, path).keep("work", Trial(1e-3, 2e-3))
    assert TrialCache(ADAPTER, path).trial("work") == Trial(1e-3, 2e-3, known=True)
    assert TrialCache(ADAPTER, path).trial("other work") is None
    newer = DeviceInfo("llvmpipe", "software adapter", "Vulkan", "Mesa 2")
    assert TrialCache(newer, path).trial("work") is None


@pytest.mark.parametrize(
    "value", [None, 1, "x", [], [1.0], [1.0, "x"], [0.0, 1.0], [1.0, -1.0], [1e300, 1.0], [1, 1, 1]]
)
def test_a_damaged_entry_is_measured_anew(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "devices.json"
    TrialCache(ADAPTER, path).keep("work", Trial(1e-3, 2e-3))
    content = json.loads(path.read_text())
    for entries in content["adapters"].values():
        entries["work"] = value
    path.write_text(json.dumps(content))
    assert TrialCache(ADAPTER, path).trial("work") is None


def test_trainings_whose_steps_cost_the_same_share_a_trial() -> None:
    plain = work_key(NETWORK, [TrainConfig()])
    assert plain == work_key(NETWORK, [TrainConfig(seed=7, beta1=0.8)])
    others = [
        work_key(NETWORK, [TrainConfig(dropout=0.5)]),
        work_key(NETWORK, [TrainConfig()] * 2),
        work_key(NETWORK, [TrainConfig(optimizer="rmsprop")]),
        work_key(NETWORK, [TrainConfig(batch_size=32)]),
        work_key(NetworkSpec(6, (4,), 3, "gelu"), [TrainConfig()]),
    ]
    assert len({plain, *others}) == 6


def test_a_real_engine_trains_from_the_start_in_every_round() -> None:
    trial = race(*(NumpyEngine(NETWORK, TrainConfig(dropout=0.5, batch_size=4)) for _ in range(2)))
    assert np.isfinite([trial.numpy, trial.adapter]).all()
    assert 0 < trial.numpy < 1
