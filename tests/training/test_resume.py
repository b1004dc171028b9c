"""A run that was stopped and resumed gives what the run without a stop gives."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.engines import numpy_engine

from gpunet.artifacts.checkpoint import load_state, save_state
from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.origin import Origin
from gpunet.engine.interface import Engine
from gpunet.errors import ModelError, UsageError
from gpunet.model import Model, Scores
from gpunet.training import loop
from gpunet.training.clock import WorkingClock
from gpunet.training.events import Callback, Control, EpochRecord, Progress, RunInfo
from gpunet.training.result import TrainingResult
from gpunet.training.state import RunState
from gpunet.training.trainer import train

MakeEngine = Callable[..., Engine]


def noise(*, floats: bool = False) -> Dataset:
    """Samples whose labels are hardly to be learned, so that a plateau and a best epoch come."""
    draws = np.random.default_rng(3)

    def samples(number: int) -> Samples:
        labels = draws.integers(0, 3, number).astype(np.int32)
        points = draws.normal(120, 40, (number, 6)) + 12 * labels[:, None]
        if floats:
            return Samples(points.astype(np.float32), labels)
        return Samples(np.clip(points, 0, 255).astype(np.uint8), labels)

    return Dataset("noise", samples(90), samples(30), ("a", "b", "c"), None, "drawn here")


def settings(**changes: Any) -> TrainConfig:
    defaults = {"hidden": (5,), "epochs": 7, "batch_size": 16, "validation": 20, "patience": 0}
    return TrainConfig(**{**defaults, **changes})


class Keeper(Callback):
    """Keeps the states that the trainer tells."""

    def __init__(self, kept: list[RunState]) -> None:
        self.kept = kept

    def on_checkpoint(self, state: RunState) -> None:
        self.kept.append(state)


class Runner:
    """Trains with engines of one kind, and keeps the states that the trainer tells."""

    def __init__(self, make_engine: MakeEngine, config: TrainConfig, dataset: Dataset) -> None:
        self.make_engine, self.config, self.dataset = make_engine, config, dataset
        self.kept: list[RunState] = []

    def __call__(self, **options: Any) -> TrainingResult:
        config = options.pop("config", self.config)
        engine = self.make_engine(config.network(6, 3), config)
        # A call of the slow clock's engine takes but one step, so that epochs can be cut short.
        control = options.setdefault("control", Control())
        control.clock = WorkingClock(count().__next__)
        callbacks = (Keeper(self.kept), *options.pop("callbacks", ()))
        return train(engine, self.dataset, config, callbacks=callbacks, **options)

    def stored(self, path: Path, state: RunState) -> RunState:
        """The same after a way through a file."""
        model = Model(
            network=self.config.network(6, 3),
            parameters=state.parameters,
            config=self.config,
            classes=self.dataset.classes,
            image_shape=None,
            scaling=None,
            origin=Origin("noise", "noise", self.dataset.fingerprint, "drawn here"),
            best_epoch=0,
            test=Scores(None, None),
        )
        save_state(model, state, path)
        return load_state(path)[1]


class StopAt(Callback):
    """Asks to stop in an epoch, at once or after it."""

    def __init__(self, epoch: int, *, at_once: bool) -> None:
        self.epoch = epoch
        self.control = Control()
        self.wish = self.control.stop_now if at_once else self.control.stop_after_epoch

    def on_progress(self, progress: Progress) -> None:
        if (progress.epoch, progress.phase) == (self.epoch, "training"):
            self.wish.set()


def timeless(history: tuple[EpochRecord, ...]) -> list[EpochRecord]:
    return [dataclasses.replace(record, seconds=0, samples_per_second=0) for record in history]


def assert_same(straight: TrainingResult, resumed: TrainingResult) -> None:
    assert timeless(straight.history) == timeless(resumed.history)
    assert straight.parameters.tobytes() == resumed.parameters.tobytes()
    assert straight.best_epoch == resumed.best_epoch
    assert straight.steps == resumed.steps
    assert straight.stop_reason == resumed.stop_reason
    assert straight.test_outputs.tobytes() == resumed.test_outputs.tobytes()


@pytest.mark.parametrize(
    "config",
    [
        settings(dropout=0.2, input_dropout=0.1),
        settings(schedule="plateau", lr_decay_every=1, learning_rate=0.05),
        settings(optimizer="sgd", momentum=0.9, schedule="one-cycle"),
        settings(ensemble=3, patience=1, learning_rate=0.05),
        settings(optimizer="sgd", schedule="step", restart_every=3, warmup=2.5),
        settings(validation=0, monitor="val_accuracy"),
        settings(patience=2, start_from_epoch=2, learning_rate=0.1, schedule="constant"),
        settings(window=32, ensemble=2, dropout=0.2),
    ],
    ids=[
        "dropout",
        "plateau",
        "momentum",
        "ensemble",
        "sgd",
        "no-validation",
        "early-stopping",
        "windows",
    ],
)
@pytest.mark.parametrize("at_once", [True, False], ids=["within-an-epoch", "after-an-epoch"])
def test_a_resumed_run_gives_bit_for_bit_what_the_straight_one_gives(
    make_engine: MakeEngine, tmp_path: Path, config: TrainConfig, at_once: bool
) -> None:
    run = Runner(make_engine, config, noise())
    straight = run()
    latest = run.kept[-1].parameters.tobytes()
    run.kept.clear()
    stopper = StopAt(3, at_once=at_once)
    stopped = run(callbacks=[stopper], control=stopper.control)
    assert stopped.stop_reason == "stopped by user"
    assert (2 if at_once else 3) == len(run.kept[-1].history)
    resumed = run(resume=run.stored(tmp_path / "last.safetensors", run.kept[-1]))
    assert_same(straight, resumed)
    assert latest == run.kept[-1].parameters.tobytes()


@pytest.mark.parametrize("ensemble", [1, 2])
@pytest.mark.parametrize("epoch", [1, 3])
def test_a_run_is_resumed_within_an_epoch_that_comes_in_windows(
    make_engine: MakeEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    epoch: int,
    ensemble: int,
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0)
    run = Runner(make_engine, settings(window=16, ensemble=ensemble, dropout=0.2), noise())
    straight = run()
    states = [one for one in run.kept if one.begun and len(one.history) == epoch - 1]
    assert [one.begun.samples for one in states if one.begun] == [16, 32, 48, 64]
    state = run.stored(tmp_path / "last.safetensors", states[2])
    resumed = run(resume=state)
    assert_same(straight, resumed)
    assert state.begun is not None
    slow = dataclasses.replace(state.begun, seconds=1e6)
    resumed = run(resume=dataclasses.replace(state, begun=slow))
    assert resumed.history[epoch - 1].seconds > 1e6


def test_a_run_tells_a_checkpoint_within_an_epoch_only_after_a_while(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Runner(make_engine, settings(window=16), noise())  # whose clock ticks with every look
    run()
    assert not any(one.begun for one in run.kept)
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 15)
    run()
    assert 0 < sum(one.begun is not None for one in run.kept) < 4 * 7


def test_an_epoch_begun_with_other_windows_is_refused(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0)
    run = Runner(make_engine, settings(window=16), noise())
    run()
    state = next(one for one in run.kept if one.begun)
    assert state.begun is not None
    far = dataclasses.replace(state.begun, samples=96)
    with pytest.raises(ModelError, match="do not fit its settings and its data"):
        run(resume=dataclasses.replace(state, begun=far, steps=6))


def test_standardized_features_stand_no_harm(make_engine: MakeEngine, tmp_path: Path) -> None:
    run = Runner(make_engine, settings(), noise(floats=True))
    straight = run()
    assert run.kept[1].scaling is not None
    state = run.stored(tmp_path / "last.safetensors", run.kept[1])
    assert state.scaling is not None
    np.testing.assert_array_equal(run.kept[1].scaling.mean, state.scaling.mean)
    assert_same(straight, run(resume=state))


def test_a_run_that_was_begun_without_inverting_goes_on_without(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    dark = noise()
    bright = Samples(255 - dark.train.features // 2, dark.train.labels)
    images = dataclasses.replace(dark, train=bright, image_shape=(2, 3))
    run = Runner(make_engine, settings(), images)
    assert run().inverted
    assert run.stored(tmp_path / "last.safetensors", run.kept[1]).inverted
    resumed = run(resume=dataclasses.replace(run.kept[1], inverted=False))
    assert not resumed.inverted


@pytest.fixture
def run(make_engine: MakeEngine) -> Runner:
    return Runner(make_engine, settings(), noise())


def test_a_state_is_told_after_every_whole_epoch(run: Runner) -> None:
    stopper = StopAt(6, at_once=True)
    result = run(callbacks=[stopper], control=stopper.control)
    assert len(result.history) == 6
    assert [len(state.history) for state in run.kept] == [1, 2, 3, 4, 5]


def test_a_run_that_diverges_tells_finite_weights_alone(run: Runner) -> None:
    run(config=settings(optimizer="sgd", learning_rate=1e30, schedule="constant"))
    assert all(state.finite for state in run.kept)


def test_more_epochs_go_on_from_the_end(run: Runner) -> None:
    config = settings(schedule="constant")
    straight = run(config=dataclasses.replace(config, epochs=9))
    run.kept.clear()
    run(config=config)
    resumed = run(config=dataclasses.replace(config, epochs=9), resume=run.kept[-1])
    assert_same(straight, resumed)


def test_callbacks_are_told_what_was_done_before(run: Runner) -> None:
    told: list[RunInfo] = []

    class Listener(Callback):
        def on_train_begin(self, run: RunInfo) -> None:
            told.append(run)

        def on_progress(self, progress: Progress) -> None:
            elapsed.append(progress.elapsed)

    elapsed: list[float] = []
    run()
    state = dataclasses.replace(run.kept[2], seconds=1000.0)
    result = run(resume=state, callbacks=[Listener()])
    assert state.history == told[0].history
    assert state.best_epoch == told[0].best_epoch
    assert min(elapsed) > 1000
    assert result.seconds > 1000


def test_a_run_without_epochs_left_is_not_resumed(run: Runner) -> None:
    run()
    with pytest.raises(UsageError, match="has done 7 epochs and epochs is 7; raise epochs"):
        run(resume=run.kept[-1])


def test_a_run_that_stopped_early_is_not_resumed(run: Runner) -> None:
    config = settings(target_accuracy=0.0)
    run(config=config)
    with pytest.raises(UsageError, match=r"after epoch 1 \(target accuracy reached\)"):
        run(config=config, resume=run.kept[-1])


@pytest.mark.parametrize(
    "changes",
    [
        {"moments": np.zeros((0, 1, 53), np.float32)},
        {"parameters": np.zeros((2, 53), np.float32)},
        {"steps": 1},
    ],
    ids=["moments", "parameters", "steps"],
)
def test_a_state_of_another_kind_of_run_is_refused(run: Runner, changes: dict[str, Any]) -> None:
    run()
    state = dataclasses.replace(run.kept[2], **changes)
    with pytest.raises(ModelError, match="do not fit its settings and its data"):
        run(resume=state)


def test_the_time_allowed_counts_from_where_a_run_goes_on() -> None:
    kept: list[RunState] = []
    config = settings(epochs=2)
    train(numpy_engine(config, 6, 3), noise(), config, callbacks=[Keeper(kept)])
    longer = settings(epochs=4, max_time=100.0)
    spent = dataclasses.replace(kept[-1], seconds=5000.0)
    resumed = train(numpy_engine(longer, 6, 3), noise(), longer, resume=spent)
    assert resumed.stop_reason == "epochs"
    assert len(resumed.history) == 4
    assert 5000 < resumed.seconds < 5100
