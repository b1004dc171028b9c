"""Looks into networks while they are trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.conftest import MakeEngine
from tests.engines import numpy_engine

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.engine.reference import kernels
from gpunet.parameters import layer_views
from gpunet.training import insight, loop
from gpunet.training.events import Callback, Control, Insight, Progress
from gpunet.training.insight import Looks, Probe
from gpunet.training.result import TrainingResult
from gpunet.training.run_samples import RunSamples
from gpunet.training.settings_for_data import settled
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
    monkeypatch.setattr(loop, "SHOWN_SHARE", 1e9)
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

    def __init__(self, seconds: float) -> None:
        self.seconds, self.now = seconds, 0.0
        self.calls: list[int] = []

    def train(self, steps: int) -> None:
        self.calls.append(steps)
        self.now += 0.1 * steps

    def parameters(self) -> np.ndarray:
        self.now += self.seconds
        return np.zeros((1, 5), np.float32)


class Blind:
    """Sees nothing but when it looks."""

    def look(self, epoch: int, step: int, *weights: object) -> tuple[int, int]:
        return epoch, step


def looks_at(engine: Counted, wanted: list[bool]) -> Looks:
    share = lambda: insight.SHOWN_SHARE if wanted[-1] else 0.0  # noqa: E731
    looks = Looks(cast(Any, engine), cast(Any, None), share, lambda: engine.now)
    looks.__dict__["_probe"] = Blind()
    return looks


@pytest.mark.parametrize("seconds", [0.001, 0.5])
def test_looks_take_no_more_than_their_share_of_the_time(seconds: float) -> None:
    engine, seen = Counted(seconds), 0
    looks = looks_at(engine, [True])
    for step in range(1, 5000):
        looks.train(1, ending=step % 3 == 0)
        seen += looks.look(1, step, [0], paused=False) is not None
    spent = 2 * seconds * seen
    assert seen > 5
    assert spent <= insight.SHOWN_SHARE * engine.now + 2 * seconds


def test_while_nobody_wants_to_look_the_engine_is_asked_for_steps_alone() -> None:
    engine = Counted(0.01)
    looks = looks_at(engine, [False])
    looks.train(7, ending=True)
    assert looks.look(1, 7, [0], paused=False) is None
    assert engine.calls == [7]


def test_a_wish_in_a_pause_is_met_at_once_and_but_once() -> None:
    engine, wanted = Counted(0.01), [False]
    looks = looks_at(engine, wanted)
    looks.train(7, ending=False)
    assert looks.look(1, 7, [0], paused=True) is None
    wanted.append(True)
    assert looks.look(1, 7, [0], paused=True) is not None
    engine.now += 60
    assert looks.look(1, 7, [0], paused=True) is None


def probed(
    config: TrainConfig, dataset: Dataset, *moves: float
) -> tuple[list[Insight], RunSamples, NDArray[np.float32]]:
    """Looks at a network as it is and after each move, and the samples and first weights."""
    config = settled(config, dataset)
    engine = numpy_engine(config, dataset.inputs, dataset.outputs)
    samples = RunSamples(engine, dataset, config, None, None)
    samples.load(gallery=False)
    probe, parameters = Probe(engine, samples), engine.initial_parameters()
    looks = [probe.look(1, 1, parameters, None)]
    looks += [probe.look(1, 2, parameters + move, parameters[0]) for move in moves]
    return looks, samples, parameters


def loss_of(network: NetworkSpec, parameters: NDArray[np.float64], samples: Samples) -> float:
    """The mean loss, by the specification in float64."""
    values = kernels.as_fractions(samples.features).astype(np.float64)[None]
    for (weights, biases), name in zip(
        layer_views(parameters, network), (*network.activations, "identity"), strict=True
    ):
        values, _ = kernels.activate(kernels.forward(values, weights, biases), name, 0.01)
    losses, _, _ = kernels.head(network, values, samples.labels[None], np.zeros(1))
    return float(losses.mean())


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
def test_gradients_are_those_of_finite_differences(activation: str) -> None:
    config = TrainConfig(hidden=(5, 4), activation=activation, dropout=0.4, ensemble=2)
    (seen,), samples, parameters = probed(config, clusters())
    network = config.network(6, 3)
    training = samples.splits.training
    batch = training[np.linspace(0, len(training) - 1, 128).astype(int)]
    first, step = parameters[:1].astype(np.float64), 1e-6
    slopes = np.zeros_like(first)
    for at in range(first.shape[1]):
        move = np.zeros_like(first)
        move[0, at] = step
        above, below = (loss_of(network, first + sign * move, batch) for sign in (1, -1))
        slopes[0, at] = (above - below) / (2 * step)
    wanted = [np.linalg.norm(weights) for weights, _ in layer_views(slopes, network)]
    found = [layer.gradient_norm for layer in seen.layers]
    np.testing.assert_allclose(found, wanted, rtol=2e-4)


def test_norms_and_updates_are_those_of_the_first_networks_weights() -> None:
    config = replace(CONFIG, hidden=(8, 3))
    (first, second), _, parameters = probed(config, clusters(), 0.01)
    network = config.network(6, 3)
    weights = [one[0] for one, _ in layer_views(parameters, network)]
    assert [layer.weight_norm for layer in first.layers] == pytest.approx(
        [np.linalg.norm(one) for one in weights]
    )
    assert np.isnan([layer.update for layer in first.layers]).all()
    moved = [0.01 * np.sqrt(one.size) / np.linalg.norm(one + 0.01) for one in weights]
    assert [layer.update for layer in second.layers] == pytest.approx(moved, rel=1e-4)


def test_units_that_are_dead_or_saturated_are_counted() -> None:
    for activation, bias in (("relu", -1e3), ("tanh", 1e3), ("sigmoid", -1e3)):
        config = TrainConfig(hidden=(5, 4), activation=activation)
        engine = numpy_engine(config, 6, 3)
        samples = RunSamples(engine, clusters(), settled(config, clusters()), None, None)
        parameters = engine.initial_parameters()
        (_, biases), (_, second), _ = layer_views(parameters, engine.network)
        biases[0, [1, 3]], second[0, 2] = bias, bias
        seen = Probe(engine, samples).look(1, 1, parameters, None)
        assert [layer.idle for layer in seen.layers] == [2, 1, None]


def test_answers_are_the_mean_of_all_networks() -> None:
    (seen,), samples, parameters = probed(CONFIG, clusters())
    engine = numpy_engine(CONFIG, 6, 3)
    engine.load("validation", samples.splits.validation[:])
    engine.load("gallery", samples.prepared_gallery)
    engine.set_parameters(parameters)
    labels = samples.splits.validation.labels
    answers = engine.predict("validation").mean(axis=0)
    matrix = np.zeros((3, 3), int)
    np.add.at(matrix, (labels, answers.argmax(axis=1)), 1)
    assert seen.looked_at == len(labels)
    np.testing.assert_array_equal(seen.matrix, matrix)
    gallery = engine.predict("gallery").mean(axis=0)
    np.testing.assert_allclose(seen.gallery, gallery[: insight.GALLERY], rtol=1e-5, atol=1e-7)


def test_the_worst_mistakes_come_with_the_course_of_what_is_true() -> None:
    looks, _, _ = probed(CONFIG, clusters(), 0.05, -0.05)
    for number, seen in enumerate(looks, start=1):
        mistakes = seen.mistakes
        truth = mistakes.samples.labels
        own = mistakes.answers[np.arange(len(truth)), truth]
        assert (mistakes.answers.argmax(axis=1) != truth).all()
        assert (np.diff(own) >= 0).all()
        assert mistakes.courses.shape == (len(truth), number)
        np.testing.assert_array_equal(mistakes.courses[:, -1], own)
        rows = clusters().train[mistakes.rows]
        np.testing.assert_array_equal(rows.labels, truth)


def test_courses_of_many_looks_stay_bounded_and_end_with_the_latest() -> None:
    looks, _, _ = probed(CONFIG, clusters(), *np.linspace(0, 0.1, 200))
    courses = looks[-1].mistakes.courses
    assert insight.COURSE <= courses.shape[1] <= 2 * insight.COURSE
    own = looks[-1].mistakes
    assert courses[0, -1] == own.answers[0, own.samples.labels[0]]


def test_large_layers_show_units_with_large_weights_that_keep_their_places() -> None:
    config = TrainConfig(hidden=(400,))
    engine = numpy_engine(config, 6, 3)
    samples = RunSamples(engine, clusters(), settled(config, clusters()), None, None)
    probe, parameters = Probe(engine, samples), engine.initial_parameters()
    first = probe.look(1, 1, parameters, None)
    weights, _ = layer_views(parameters, engine.network)[0]
    norms = np.linalg.norm(weights[0], axis=0)
    assert len(first.units) == insight.UNITS_SHOWN
    assert norms[first.units].min() >= np.sort(norms)[-insight.UNITS_SHOWN]
    weights[0, :, first.units[5]] = 0
    second = probe.look(1, 2, parameters, None)
    assert np.flatnonzero(first.units != second.units).tolist() == [5]
    np.testing.assert_array_equal(second.weights, weights[0, :, second.units])
    assert [one.shape for one in second.activations] == [(40, insight.UNITS_ACTIVE)]


def test_labels_have_an_f1_each() -> None:
    points = np.random.default_rng(1).normal(size=(300, 4)).astype(np.float32)
    flags = Samples(points, (points[:, :2] > 0).astype(np.float32))
    names = ("left", "right")
    dataset = Dataset("signs", flags, flags, (), None, "drawn", targets=names, kind="labels")
    (seen,), samples, parameters = probed(TrainConfig(hidden=(4,)), dataset)
    held_out = samples.splits.validation[:]
    engine = numpy_engine(settled(TrainConfig(hidden=(4,)), dataset), 4, 2)
    engine.set_parameters(parameters)
    engine.load("validation", held_out)
    said = engine.predict("validation")[0] > 0.5
    both, either = (said & (held_out.labels > 0)).sum(0), said.sum(0) + held_out.labels.sum(0)
    np.testing.assert_allclose(seen.f1, 2 * both / either)
    courses, wrong = seen.mistakes.courses, seen.mistakes.samples.labels
    shares = np.where(wrong > 0, seen.mistakes.answers, 1 - seen.mistakes.answers).prod(axis=1)
    np.testing.assert_allclose(courses[:, -1], shares)


def test_measured_targets_have_residuals() -> None:
    points = np.random.default_rng(1).normal(size=(300, 4)).astype(np.float32)
    prices = Samples(points, points[:, :1] * 3 + 20)
    dataset = Dataset(
        "prices", prices, prices, (), None, "drawn", targets=("price",), kind="measured"
    )
    (seen,), _, _ = probed(TrainConfig(hidden=(4,)), dataset)
    assert seen.residuals.shape == (seen.looked_at, 1)
    assert seen.matrix.shape == (0, 0)
    found = seen.mistakes.answers[0] - seen.mistakes.samples.labels[0]
    assert abs(found[0]) == np.abs(seen.residuals).max()


def test_a_diverged_network_is_looked_into_without_a_word(
    recwarn: pytest.WarningsRecorder,
) -> None:
    looks, _, _ = probed(CONFIG, clusters(), np.nan, 1e38)
    assert len(looks) == 3
    assert np.isnan(looks[1].layers[0].weight_norm)
    assert not recwarn.list
