from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.engines import numpy_engine

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.engine.metrics import Metrics
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.errors import UsageError
from gpunet.parameters import initial_parameters
from gpunet.training.clock import WorkingClock
from gpunet.training.events import Callback, Control, EpochEnd, EpochRecord, Progress, RunInfo
from gpunet.training.result import TrainingResult
from gpunet.training.state import Start
from gpunet.training.trainer import train

CLASSES = 3


def clusters(*, floats: bool = False, noise: float = 25, offset: float = 0) -> Dataset:
    """Three noisy clusters that a small network tells apart."""
    draws = np.random.default_rng(0)
    centers = draws.uniform(40, 210, (CLASSES, 12))

    def samples(count: int) -> Samples:
        labels = draws.integers(0, CLASSES, count).astype(np.int32)
        points = centers[labels] + draws.normal(0, noise, (count, 12))
        if floats:
            return Samples((points + offset).astype(np.float32), labels)
        return Samples(np.clip(points, 0, 255).astype(np.uint8), labels)

    return Dataset("clusters", samples(300), samples(90), ("a", "b", "c"), None, "drawn here")


class Recorder(Callback):
    """Keeps what it is told, and may act on it."""

    def __init__(self) -> None:
        self.run: RunInfo | None = None
        self.progress: list[Progress] = []
        self.records: list[EpochRecord] = []
        self.patience: list[int | None] = []
        self.galleries: list[NDArray[np.float32]] = []
        self.stops: list[tuple[str, int]] = []

    def on_train_begin(self, run: RunInfo) -> None:
        self.run = run

    def on_progress(self, progress: Progress) -> None:
        self.progress.append(progress)

    def on_epoch_end(self, record: EpochEnd) -> None:
        self.records.append(record.record)
        self.patience.append(record.patience_left)
        self.galleries.append(record.gallery)

    def on_train_end(self, reason: Any, best_epoch: int) -> None:
        self.stops.append((reason, best_epoch))


def run(
    config: TrainConfig,
    dataset: Dataset | None = None,
    *,
    callbacks: Sequence[Any] = (),
    control: Control | None = None,
    engine_class: type[NumpyEngine] = NumpyEngine,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[TrainingResult, NumpyEngine]:
    dataset = dataset or clusters()
    engine = numpy_engine(config, dataset.inputs, CLASSES, engine_class)
    control = control or Control()
    control.clock = WorkingClock(clock)
    result = train(engine, dataset, config, callbacks=callbacks, control=control)
    return result, engine


def small(**changes: Any) -> TrainConfig:
    return TrainConfig(
        **{"hidden": (8,), "epochs": 6, "batch_size": 16, "validation": 60, **changes}
    )


class Scripted(NumpyEngine):
    """Trains as usual, but its validation losses are given."""

    losses: tuple[float, ...] = ()
    hits: tuple[int, ...] = ()  # of ten

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.seen: list[NDArray[np.float32]] = []

    def evaluate(self, split: Any) -> Metrics:
        if split != "validation":
            return super().evaluate(split)
        self.seen.append(self.parameters())
        one = np.ones(1, dtype=np.int64)
        epoch = len(self.seen) - 1
        correct = np.array([self.hits[epoch] if self.hits else 0])
        return Metrics(10 * np.array([self.losses[epoch]]), correct, 10 * one, np.zeros(len(one)))


def scripted(*values: float, hits: Sequence[int] = ()) -> type[Scripted]:
    return type("Scripted", (Scripted,), {"losses": values, "hits": tuple(hits)})


class StepClock:
    """A clock that is a second later whenever it is looked at."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def test_a_small_network_learns_three_clusters() -> None:
    result, _ = run(small(epochs=15))
    assert result.test.accuracy[0] > 0.95
    assert result.history[0].train_loss > result.history[-1].train_loss
    assert result.stop_reason == "epochs"
    assert result.steps == 15 * 15
    assert result.counts == {"train": 240, "validation": 60, "test": 90}


def test_the_weights_of_the_best_epoch_are_restored() -> None:
    result, engine = run(small(patience=0), engine_class=scripted(5, 3, 4, 2, 6, 7))
    assert isinstance(engine, Scripted)
    assert result.best_epoch == 4
    np.testing.assert_array_equal(engine.seen[3], result.parameters)
    np.testing.assert_array_equal(engine.parameters(), result.parameters)


def test_training_stops_when_patience_is_used_up() -> None:
    watcher = Recorder()
    losses = (5, 3, 4, 4, 1, 1)
    result, _ = run(small(patience=2), callbacks=[watcher], engine_class=scripted(*losses))
    assert result.stop_reason == "early stopping"
    assert watcher.patience == [2, 2, 1, 0]
    assert result.best_epoch == 2
    assert watcher.stops == [("early stopping", 2)]


def test_a_gain_below_min_delta_does_not_renew_patience_but_keeps_the_better_weights() -> None:
    losses = (5, 4.9, 4.8, 4.7, 4.6, 4.5)
    result, _ = run(small(patience=2, min_delta=0.5), engine_class=scripted(*losses))
    assert len(result.history) == 3
    assert result.best_epoch == 3


def test_without_validation_the_training_loss_decides() -> None:
    watcher = Recorder()
    result, _ = run(small(validation=0), callbacks=[watcher])
    assert result.counts["validation"] == 0
    assert all(record.val_loss is None for record in result.history)
    losses = [record.train_loss for record in result.history]
    assert 1 + losses.index(min(losses)) == result.best_epoch
    assert watcher.run is not None
    assert len(watcher.run.gallery) > 0


def test_a_diverging_run_stops_and_keeps_the_best_weights() -> None:
    result, engine = run(small(patience=0), engine_class=scripted(2, 1, float("nan"), 0, 0, 0))
    assert isinstance(engine, Scripted)
    assert result.stop_reason == "diverged"
    assert len(result.history) == 3
    assert result.best_epoch == 2
    np.testing.assert_array_equal(engine.seen[1], result.parameters)


def test_a_run_that_diverges_at_once_gives_back_the_initial_weights() -> None:
    config = small()
    result, engine = run(config, engine_class=scripted(float("inf")))
    expected = initial_parameters(engine.network, config.initialization, [config.seed])
    assert result.best_epoch == 0
    np.testing.assert_array_equal(expected, result.parameters)


def test_the_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    first, _ = run(small(dropout=0.2))
    again, _ = run(small(dropout=0.2))
    other, _ = run(small(dropout=0.2, seed=1))
    assert first.parameters.tobytes() == again.parameters.tobytes()
    assert first.parameters.tobytes() != other.parameters.tobytes()


def test_asked_to_stop_after_the_epoch_it_finishes_that_epoch() -> None:
    control = Control()

    class Stopper(Recorder):
        def on_progress(self, progress: Progress) -> None:
            if progress.epoch == 2:
                control.stop_after_epoch.set()

    result, _ = run(small(), callbacks=[Stopper()], control=control)
    assert result.stop_reason == "stopped by user"
    assert len(result.history) == 2
    assert result.steps == 2 * 15


def test_a_paused_run_waits_until_it_may_go_on() -> None:
    control, watcher = Control(), Recorder()
    control.paused.set()
    waker = threading.Timer(0.2, control.paused.clear)
    waker.start()
    result, _ = run(small(epochs=1), callbacks=[watcher], control=control)
    waker.join()
    assert "paused" in [progress.phase for progress in watcher.progress]
    assert result.stop_reason == "epochs"


def test_progress_only_grows_and_ends_with_validation() -> None:
    watcher = Recorder()
    run(small(epochs=2), callbacks=[watcher])
    steps = [(progress.epoch, progress.step) for progress in watcher.progress]
    assert steps == sorted(steps)
    assert steps[-1] == (2, 15)
    assert watcher.progress[-1].phase == "validating"
    remaining = watcher.progress[-1].remaining
    assert remaining is not None
    assert remaining < 1


def test_the_gallery_shows_the_classes_in_turn_with_their_probabilities() -> None:
    watcher = Recorder()
    run(small(epochs=2), callbacks=[watcher])
    assert watcher.run is not None
    assert watcher.run.gallery.labels[:6].tolist() == [0, 1, 2, 0, 1, 2]
    assert len(watcher.galleries) == 2
    assert (len(watcher.run.gallery), CLASSES) == watcher.galleries[0].shape
    np.testing.assert_allclose(watcher.galleries[1].sum(axis=1), 1, rtol=1e-5)


def test_the_gallery_shows_dark_images_as_they_are() -> None:
    dataset, watcher = clusters(), Recorder()
    bright = [
        Samples(255 - part.features // 4, part.labels) for part in (dataset.train, dataset.test)
    ]
    side = dataset.inputs
    dataset = replace(dataset, train=bright[0], test=bright[1], image_shape=(1, side))
    result, _ = run(small(epochs=1), dataset, callbacks=[watcher])
    assert result.inverted
    assert watcher.run is not None
    shown = {bytes(image) for image in watcher.run.gallery.features}
    assert shown <= {bytes(image) for image in dataset.train.features}


def test_float_features_are_standardized_with_the_training_samples_figures() -> None:
    # Far from zero, clusters are hopeless without it.
    dataset = clusters(floats=True, offset=1e5)
    result, _ = run(small(epochs=15), dataset)
    plain, _ = run(small(epochs=15, standardize=False, learning_rate=1e-4), dataset)
    assert result.scaling is not None
    np.testing.assert_allclose(
        result.scaling.mean, dataset.train.features[:240].mean(axis=0), rtol=1e-6
    )
    assert result.test.accuracy[0] > 0.95
    assert plain.scaling is None
    assert plain.test.accuracy[0] < result.test.accuracy[0]


def test_the_reported_learning_rate_follows_the_schedule() -> None:
    constant, _ = run(small(epochs=3, schedule="constant", learning_rate=0.01))
    cosine, _ = run(small(epochs=3, schedule="cosine", learning_rate=0.01))
    assert [record.learning_rate for record in constant.history] == [0.01] * 3
    rates = [record.learning_rate for record in cosine.history]
    assert rates == sorted(rates, reverse=True)
    assert pytest.approx(0, abs=1e-4) == rates[-1]


def test_a_plateau_lowers_the_rate_of_the_epochs_that_follow() -> None:
    config = small(schedule="plateau", learning_rate=0.08, lr_decay=0.5, patience=0)
    result, _ = run(config, engine_class=scripted(3, 4, 4, 4, 4, 4))
    rates = [record.learning_rate for record in result.history]
    assert rates == [0.08, 0.08, 0.08, 0.04, 0.04, 0.02]


def test_the_monitored_figure_decides_which_epoch_is_the_best() -> None:
    losses, hits = (5, 4, 3, 2, 1, 1.5), (1, 2, 9, 2, 3, 4)
    by_loss, _ = run(small(patience=0), engine_class=scripted(*losses, hits=hits))
    config = small(patience=0, monitor="val_accuracy")
    by_accuracy, engine = run(config, engine_class=scripted(*losses, hits=hits))
    assert isinstance(engine, Scripted)
    assert by_loss.best_epoch == 5
    assert by_accuracy.best_epoch == 3
    np.testing.assert_array_equal(engine.seen[2], by_accuracy.parameters)


def test_training_stops_when_the_gains_are_too_small() -> None:
    config = small(patience=2, stability=0.1)
    result, _ = run(config, engine_class=scripted(5, 4, 3, 2.95, 2.9, 2.85))
    assert result.stop_reason == "gains too small"
    assert len(result.history) == 5


def test_training_stops_after_the_epoch_that_reaches_the_target() -> None:
    config = small(target_accuracy=0.8)
    result, _ = run(config, engine_class=scripted(6, 5, 4, 3, 2, 1, hits=(1, 7, 8, 9, 9, 9)))
    assert result.stop_reason == "target accuracy reached"
    assert len(result.history) == 3


def test_training_stops_within_the_epoch_in_which_its_time_is_over() -> None:
    result, _ = run(small(max_time=25), clock=StepClock())
    assert result.stop_reason == "time limit reached"
    assert 0 < result.steps < 6 * 15
    assert 0 < result.best_epoch < 6


def test_a_time_that_is_over_after_the_last_epoch_has_stopped_nothing() -> None:
    class Leap(Recorder):
        def on_progress(self, progress: Progress) -> None:
            if progress.phase == "validating":
                clock.now += 1000

    clock = StepClock()
    result, _ = run(small(epochs=1, max_time=1000), callbacks=[Leap()], clock=clock)
    assert result.stop_reason == "epochs"


def test_a_time_that_is_over_before_the_first_step_leaves_nothing() -> None:
    result, _ = run(small(max_time=0.5), clock=StepClock())
    assert result.stop_reason == "time limit reached"
    assert result.history == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "sgd"},
        {"batch_size": 7},
        {"hidden": (9,)},
        {"dropout": 0.5},
        {"seed": 9},
        {"ensemble": 2},
        {"class_weights": "balanced"},
        {"initialization": "uniform"},
    ],
    ids=str,
)
def test_an_engine_that_was_made_for_other_settings_is_refused(changes: dict[str, Any]) -> None:
    dataset = clusters()
    config = TrainConfig(hidden=(4,), epochs=2)
    engine = numpy_engine(config, dataset.inputs, CLASSES)
    with pytest.raises(UsageError, match="the engine was made for other settings"):
        train(engine, dataset, dataclasses.replace(config, **changes))


class Minutes:
    """A wall clock that a pause and whoever looks at it move on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


class Pause(Recorder):
    """Holds the run once, within its second epoch, for ten minutes of the wall clock."""

    def __init__(self, control: Control, wall: Minutes) -> None:
        super().__init__()
        self.control, self.wall = control, wall

    def on_progress(self, progress: Progress) -> None:
        super().on_progress(progress)
        held = sum(one.phase == "paused" for one in self.progress)
        if progress.epoch == 2 and progress.phase == "training" and not held:
            self.control.paused.set()
        if progress.phase == "paused":
            self.wall.now += 300
        if held == 2:
            self.control.paused.clear()


def paused(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> tuple[TrainingResult, Pause]:
    monkeypatch.setattr("gpunet.training.loop.PAUSE_SECONDS", 0.0)
    wall, control = Minutes(), Control()
    pause = Pause(control, wall)
    result, _ = run(small(**changes), callbacks=[pause], control=control, clock=wall)
    return result, pause


def test_a_pause_is_no_time_of_training(monkeypatch: pytest.MonkeyPatch) -> None:
    result, pause = paused(monkeypatch)
    assert pause.wall.now > 600
    assert result.seconds < 60
    assert max(record.seconds for record in result.history) < 10
    assert min(record.samples_per_second for record in result.history) > 50
    assert max(one.elapsed for one in pause.progress) < 60
    first, last = (one for one in pause.progress if one.phase == "paused")
    assert first.elapsed == last.elapsed
    assert first.remaining == last.remaining


def test_a_pause_is_no_part_of_the_time_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    result, _ = paused(monkeypatch, max_time=60.0)
    assert result.stop_reason == "epochs"


def told_of_slow_validations(**settings: Any) -> list[Progress]:
    """What is told of a run whose steps take a second each, and a validation a hundred."""

    class Slow(NumpyEngine):
        def train(self, steps: int) -> None:
            super().train(steps)
            wall.now += steps

        def evaluate(self, split: Any) -> Metrics:
            wall.now += 100
            return super().evaluate(split)

    wall, recorder = Minutes(), Recorder()
    run(small(**settings), callbacks=[recorder], engine_class=Slow, clock=wall)
    return recorder.progress


def test_the_time_left_ends_with_the_validation_of_the_epoch_that_the_time_allowed_cuts_short() -> (
    None
):
    told = [one for one in told_of_slow_validations(epochs=3, max_time=125.0) if one.epoch == 2]
    assert told[-1].step == 10
    for one in told:
        assert one.remaining == pytest.approx(10 - one.step + 100, rel=0.02)


def test_the_time_left_counts_the_validation_of_the_running_epoch_and_those_after_it() -> None:
    for one in told_of_slow_validations(epochs=3):
        if one.epoch > 1:
            steps = one.steps - one.step + (3 - one.epoch) * one.steps
            assert steps + (3 - one.epoch + 1) * 100 == pytest.approx(one.remaining, rel=0.02)


def test_the_last_weights_are_kept_if_they_are_asked_for() -> None:
    class Losses(Scripted):
        losses = (0.5, 0.25, 0.75, 1.0)

    result, engine = run(small(epochs=4, keep="last"), engine_class=Losses)
    assert (result.best_epoch, engine.parameters().tolist()) == (4, result.parameters.tolist())


def test_samples_keep_their_order_unless_they_are_shuffled() -> None:
    class Orders(NumpyEngine):
        def begin_epoch(self, order: NDArray[np.uint32], *rest: Any) -> None:
            seen.append(order[0].tolist())
            super().begin_epoch(order, *rest)

    seen: list[list[int]] = []
    run(small(epochs=2, shuffle=False, validation=0), engine_class=Orders)
    assert seen == [list(range(300))] * 2


def test_two_runs_of_an_epoch_each_are_one_of_two_if_the_second_starts_where_the_first_ended() -> (
    None
):
    settings: dict[str, Any] = {
        "validation": 0,
        "dropout": 0.2,
        "schedule": "constant",
        "keep": "last",
    }
    dataset = replace(clusters(), test=clusters().test[:0])
    whole, _ = run(small(epochs=2, **settings), dataset)
    first, engine = run(small(epochs=1, **settings), dataset)
    start = Start(first.parameters, engine.moments(), first.steps, epochs=1)
    config = small(epochs=2, **settings)
    second = train(numpy_engine(config, 12, CLASSES), dataset, config, start=start)
    assert (second.parameters.tolist(), [2]) == (
        whole.parameters.tolist(),
        [record.epoch for record in second.history],
    )


def test_a_run_ends_where_a_plateau_would_reduce_a_rate_that_is_low_enough() -> None:
    class Losses(Scripted):
        losses = (1.0,) * 9

    settings: dict[str, Any] = {
        "schedule": "plateau",
        "learning_rate": 0.1,
        "lr_decay": 0.1,
        "patience": 0,
    }
    result, _ = run(
        small(epochs=9, lr_decay_every=2, lr_stop=0.02, **settings), engine_class=Losses
    )
    rates = [record.learning_rate for record in result.history]
    assert rates == pytest.approx([0.1] * 3 + [0.01] * 2)
    assert result.stop_reason == "early stopping"
