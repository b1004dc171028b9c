"""Looks into networks while they are trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from tests.conftest import MakeEngine

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.training import insight
from gpunet.training.events import Callback, Control, Insight, Progress
from gpunet.training.insight import Looks
from gpunet.training.result import TrainingResult
from gpunet.training.trainer import train

CONFIG = TrainConfig(
    hidden=(8,), epochs=4, batch_size=16, validation=60, dropout=0.2, optimizer="adam", ensemble=2
)


def clusters() -> Dataset:
    draws = np.random.default_rng(0)
    labels = draws.integers(0, 3, 400).astype(np.int32)
    points = (labels[:, None] + draws.normal(0, 0.8, (400, 6))).astype(np.float32)
    whole = Samples(points, labels)
    return Dataset("clusters", whole[:300], whole[300:], ("a", "b", "c"), None, "drawn here")


class Watcher(Callback):
    """Keeps what it is told in its order, and does something at each report."""

    def __init__(self, at_report: Callable[[Progress], None] = lambda progress: None) -> None:
        self.told: list[Progress | Insight] = []
        self._at_report = at_report

    @property
    def looks(self) -> list[Insight]:
        return [one for one in self.told if isinstance(one, Insight)]

    def on_progress(self, progress: Progress) -> None:
        self.told.append(progress)
        self._at_report(progress)

    def on_insight(self, insight: Insight) -> None:
        self.told.append(insight)


def trained(
    make_engine: MakeEngine, watcher: Watcher | None, control: Control | None = None
) -> TrainingResult:
    network = CONFIG.network(6, 3)
    watchers = [watcher] if watcher else []
    with make_engine(network, CONFIG) as engine:
        return train(engine, clusters(), CONFIG, callbacks=watchers, control=control)


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> Control:
    """A wish to look as often as can be."""
    monkeypatch.setattr(insight, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(insight, "LOOK_SHARE", 1e9)
    control = Control()
    control.insight_wanted.set()
    return control


def test_looks_change_no_bit_of_the_training(make_engine: MakeEngine, always: Control) -> None:
    watcher = Watcher()
    looked_into, alone = trained(make_engine, watcher, always), trained(make_engine, None)
    assert len(watcher.looks) >= 4
    np.testing.assert_array_equal(looked_into.parameters, alone.parameters)
    scores = [
        [replace(record, seconds=0, samples_per_second=0) for record in result.history]
        for result in (looked_into, alone)
    ]
    assert scores[0] == scores[1]


def test_nobody_is_told_what_nobody_wants(make_engine: MakeEngine) -> None:
    watcher = Watcher()
    trained(make_engine, watcher)
    assert watcher.looks == []


def test_the_last_look_of_an_epoch_sees_the_weights_at_its_end(
    make_engine: MakeEngine, always: Control
) -> None:
    watcher = Watcher()
    result = trained(make_engine, watcher, always)
    ends = [one for one in watcher.looks if one.step == 15]
    assert [one.epoch for one in ends] == [1, 2, 3, 4]
    assert ends[0].parameters.shape == result.parameters.shape
    best = result.networks[1].best_epoch
    np.testing.assert_array_equal(ends[best - 1].parameters[1], result.parameters[1])


def test_a_look_is_told_right_after_the_report_of_its_step(
    make_engine: MakeEngine, always: Control
) -> None:
    watcher = Watcher()
    trained(make_engine, watcher, always)
    for before, now in zip(watcher.told, watcher.told[1:], strict=False):
        if isinstance(now, Insight):
            assert isinstance(before, Progress)
            assert (now.epoch, now.step) == (before.epoch, before.step)


class Counted:
    """An engine whose weights take so many seconds to read, and that counts what is asked of it."""

    def __init__(self, seconds: float, clock: list[float]) -> None:
        self.seconds, self.clock = seconds, clock
        self.calls: list[int] = []

    def train(self, steps: int) -> None:
        self.calls.append(steps)
        self.clock[0] += 0.1 * steps

    def parameters(self) -> np.ndarray:
        self.clock[0] += self.seconds
        return np.zeros((1, 5), np.float32)


def looks_at(engine: Counted, wanted: bool = True) -> tuple[Looks, Iterator[int]]:
    control = Control()
    if wanted:
        control.insight_wanted.set()
    return Looks(engine, control.insight_wanted, lambda: engine.clock[0]), count(1)  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [0.001, 0.5])
def test_looks_take_no_more_than_their_share_of_the_time(seconds: float) -> None:
    engine = Counted(seconds, [0.0])
    looks, steps = looks_at(engine)
    seen = []
    for step in steps:
        looks.train(1, ending=step % 3 == 0)
        if looks.look(1, step, [0], paused=False):
            seen.append(step)
        if step == 5000:
            break
    spent = 2 * seconds * len(seen)
    assert len(seen) > 5
    assert spent <= insight.LOOK_SHARE * engine.clock[0] + 2 * seconds


def test_while_nobody_wants_to_look_the_engine_is_asked_for_steps_alone() -> None:
    engine = Counted(0.01, [0.0])
    looks, _ = looks_at(engine, wanted=False)
    looks.train(7, ending=True)
    assert looks.look(1, 7, [0], paused=False) is None
    assert engine.calls == [7]


def test_a_wish_in_a_pause_is_met_at_once_and_but_once() -> None:
    engine = Counted(0.01, [0.0])
    control = Control()
    looks = Looks(engine, control.insight_wanted, lambda: engine.clock[0])  # type: ignore[arg-type]
    looks.train(7, ending=False)
    assert looks.look(1, 7, [0], paused=False) is None
    control.insight_wanted.set()
    assert looks.look(1, 7, [0], paused=True) is not None
    engine.clock[0] += 60
    assert looks.look(1, 7, [0], paused=True) is None
