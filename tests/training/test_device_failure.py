"""A device that fails in the midst of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.engine.factory import select_device
from gpunet.engine.metrics import Metrics
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.errors import DeviceError, DeviceLostError
from gpunet.training.events import Callback, Progress
from gpunet.training.state import RunState
from gpunet.training.trainer import train
from gpunet.workflows.devices import training_engine

CONFIG = TrainConfig(hidden=(5,), epochs=4, batch_size=8, validation=20, patience=0, dropout=0.2)
DRAWS = np.random.default_rng(0)
SAMPLES = Samples(
    DRAWS.integers(0, 256, (100, 6), dtype=np.uint8), (np.arange(100) % 3).astype(np.int32)
)
DATASET = Dataset("noise", SAMPLES, SAMPLES[:30], ("a", "b", "c"), None, "drawn here")
NETWORK = CONFIG.network(6, 3)


class Flaky(NumpyEngine):
    """Fails at the given calls of ``train``, counted from 1, with the weights spoilt."""

    can_be_lost = True
    failing: tuple[int, ...] = ()
    error: type[DeviceError] = DeviceLostError

    def __init__(self) -> None:
        super().__init__(NETWORK, CONFIG)
        self.calls = self.reopened = 0

    def begin_epoch(
        self, order: NDArray[np.uint32], learning_rates: NDArray[np.float64], first_step: int
    ) -> None:
        super().begin_epoch(order, learning_rates, first_step)
        self.calls += 1

    def metrics(self) -> Metrics:
        if self.calls in self.failing:
            self.set_parameters(np.full((1, NETWORK.parameter_count), 9, dtype=np.float32))
            raise self.error("the device is lost; try again")
        return super().metrics()

    def reopen(self) -> None:
        self.reopened += 1


def flaky(*failing: int, error: type[DeviceError] = DeviceLostError) -> Flaky:
    made: Flaky = type("Failing", (Flaky,), {"failing": failing, "error": error})()
    return made


def test_an_epoch_in_which_the_device_fails_is_begun_anew() -> None:
    expected = train(flaky(), DATASET, CONFIG)
    engine = flaky(1, 4)  # the first epoch, and the third
    actual = train(engine, DATASET, CONFIG)
    assert engine.reopened == 2
    assert actual.overcome == ("the device is lost; try again",) * 2
    assert actual.device_failures == ()
    assert actual.stop_reason == "epochs"
    assert expected.steps == actual.steps
    assert expected.parameters.tobytes() == actual.parameters.tobytes()
    assert expected.test_outputs.tobytes() == actual.test_outputs.tobytes()


def test_an_epoch_that_fails_twice_ends_the_run_with_what_there_is() -> None:
    kept: list[RunState] = []

    class Keeper(Callback):
        def on_checkpoint(self, state: RunState) -> None:
            kept.append(state)

    result = train(flaky(3, 4), DATASET, CONFIG, callbacks=[Keeper()])
    assert result.stop_reason == "device failed"
    assert len(result.history) == 2
    assert len(result.device_failures) == 2
    assert result.overcome == ()
    assert len(kept[-1].history) == 2
    assert result.best_epoch > 0
    straight = train(flaky(), DATASET, CONFIG)
    resumed = train(flaky(), DATASET, CONFIG, resume=kept[-1])
    assert straight.parameters.tobytes() == resumed.parameters.tobytes()


def test_a_first_epoch_that_fails_twice_is_an_error() -> None:
    with pytest.raises(DeviceLostError):
        train(flaky(1, 2), DATASET, CONFIG)


def test_what_no_new_device_can_mend_is_not_tried_again() -> None:
    engine = flaky(2, error=DeviceError)
    result = train(engine, DATASET, CONFIG)
    assert engine.reopened == 0
    assert result.stop_reason == "device failed"


class Untestable(Flaky):
    """Fails at the test so many times, and says at which."""

    times = 1

    def evaluate(self, split: Any) -> Metrics:
        if split == "test" and self.times:
            self.times -= 1
            raise DeviceLostError(f"the device is lost, {self.times} to come; try again")
        return super().evaluate(split)


def test_a_test_at_which_the_device_fails_is_done_anew() -> None:
    result = train(Untestable(), DATASET, CONFIG)
    assert result.overcome == ("the device is lost, 0 to come; try again",)
    assert result.device_failures == ()
    assert train(flaky(), DATASET, CONFIG).test_outputs.tobytes() == (result.test_outputs.tobytes())


def test_a_device_that_cannot_be_tested_on_leaves_the_weights_and_the_reason() -> None:
    engine = Untestable()
    engine.times = 2
    result = train(engine, DATASET, CONFIG)
    assert not result.tested
    assert result.device_failures[-1] == "the device is lost, 0 to come; try again"
    assert result.overcome == ()
    assert result.stop_reason == "epochs"
    assert len(result.history) == 4
    assert result.joint_scores("cross-entropy", DATASET.test).accuracy is None


class Destroyer(Callback):
    """Takes the device away while an epoch is trained."""

    def __init__(self, engine: Any, epoch: int) -> None:
        self.engine, self.epoch = engine, epoch

    def on_progress(self, progress: Progress) -> None:
        if progress.epoch == self.epoch and progress.phase == "training":
            self.epoch = 0
            self.engine._open.handle.destroy()


@pytest.mark.parametrize("window", [0, 16])
@pytest.mark.parametrize("epoch", [1, 3])
def test_an_adapter_that_is_lost_is_opened_anew_and_the_bits_are_the_same(
    adapter: Adapter, epoch: int, window: int, tmp_path: Path
) -> None:
    results, config = [], replace(CONFIG, window=window)
    for lost in (False, True):
        with training_engine(select_device(str(adapter.index)), config, DATASET) as engine:
            observers = (Destroyer(engine, epoch),) if lost else ()
            results.append(train(engine, DATASET, config, callbacks=observers))
    straight, disturbed = results
    assert not straight.overcome
    assert not disturbed.device_failures
    (failure,) = disturbed.overcome
    assert "lost" in failure
    assert "\n" not in failure
    assert straight.parameters.tobytes() == disturbed.parameters.tobytes()
    assert straight.test_outputs.tobytes() == disturbed.test_outputs.tobytes()
