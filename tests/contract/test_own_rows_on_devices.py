"""Networks with rows of their own, and what a row's answer depends on, whatever carries it out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.config import LOSS_FACTS, LOSSES, Loss, NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.class_weights import class_weights
from gpunet.engine.interface import Engine
from gpunet.engine.planning.records import level
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.engine.timing import random_samples
from gpunet.parameters import initial_parameters
from gpunet.training.batches import epoch_order

MakeEngine = Callable[..., Engine]

SUMS = 2e-5
"""Relative: two float32 sums of some hundred terms in another order differ by less."""

TRAINED = 5e-5
"""Relative to the largest weight, after some steps of SGD."""

ROWS = [np.arange(start, 90, step, dtype=np.uint32) for start, step in ((0, 2), (3, 2), (1, 2))]
"""Of three networks, 45, 44 and 45 rows: six batches of 8, the last ones not alike."""

HELD_OUT = [np.setdiff1d(np.arange(90, dtype=np.uint32), own)[:-3] for own in ROWS]


def draw_samples(network: NetworkSpec, *, weighted: bool = False) -> Samples:
    return random_samples(network, 90, floats=True, weighted=weighted)


def own_order(engine: Engine, rows: Any, epoch: int) -> NDArray[np.uint32]:
    """The order of an epoch (P, n) over rows of the networks' own."""
    orders = (
        epoch_order([seed], epoch, len(own)) for seed, own in zip(engine.seeds, rows, strict=True)
    )
    return level([own[order[0]] for own, order in zip(rows, orders, strict=True)])


def train(engine: Engine, samples: Samples, rows: Any, held_out: Any, epochs: int = 2) -> None:
    """Some epochs, on rows of the networks' own or on all."""
    count = len(samples) if rows is None else max(map(len, rows))
    steps = -(-count // engine.batch_size)
    engine.set_parameters(initial_parameters(engine.network, "auto", engine.seeds))
    engine.load("train", samples, rows=rows)
    engine.load("validation", samples, rows=held_out)
    for epoch in range(epochs):
        order = epoch_order(engine.seeds, epoch + 1, count)
        if rows is not None:
            order = own_order(engine, rows, epoch + 1)
        rates = np.full((engine.population, steps), 0.05)
        engine.begin_epoch(order, rates, epoch * steps)
        engine.train(steps)


def outcome(engine: Engine, network: int) -> list[bytes]:
    """All that is known of a network, as bytes."""
    metrics = engine.metrics(), engine.evaluate("validation"), engine.evaluate("train")
    figures = [
        one[network]
        for m in metrics
        for one in (m.loss, m.correct, m.seen, m.squared, m.weight)
        if one is not None
    ]
    answers = engine.predict("validation")[network]
    arrays = engine.parameters()[network], engine.moments()[:, network], answers
    return [np.asarray(one).tobytes() for one in (*figures, *arrays)]


@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_and_weight_ends_at_the_specifications_weights_and_metrics(
    make_engine: MakeEngine, loss: Loss, weighted: bool
) -> None:
    network = NetworkSpec(12, (7,), 3, "tanh", loss=loss)
    smoothing = 0.1 if LOSS_FACTS[loss].kind != "measured" else 0.0
    by_class: Any = (1.0, 2.0, 0.5) if LOSS_FACTS[loss].kind == "classes" else "none"
    configs = [
        TrainConfig(
            seed=seed, label_smoothing=smoothing, class_weights=by_class, dropout=0.1 * seed
        )
        for seed in range(2)
    ]
    engine = make_engine(network, configs, optimizer="sgd", momentum=0.9, batch_size=8)
    expected = NumpyEngine(network, engine.configs)
    samples = draw_samples(network, weighted=weighted)
    for one in (engine, expected):
        train(one, samples, None, None)
    difference = np.abs(expected.parameters() - engine.parameters()).max()
    assert difference <= TRAINED * np.abs(expected.parameters()).max()
    for found, wanted in (
        (engine.metrics(), expected.metrics()),
        (engine.evaluate("validation"), expected.evaluate("validation")),
        (engine.evaluate("train"), expected.evaluate("train")),
    ):
        assert found.seen.tolist() == wanted.seen.tolist() == [90, 90]
        assert found.loss == pytest.approx(wanted.loss, rel=SUMS)
        assert found.squared == pytest.approx(wanted.squared, rel=SUMS)
        assert found.correct == pytest.approx(wanted.correct, rel=SUMS)
        assert found.correct.dtype == wanted.correct.dtype
        if not weighted:
            assert found.weight is wanted.weight is None
        else:
            assert found.weight == pytest.approx(wanted.weight)
    answers = expected.predict("validation")
    np.testing.assert_allclose(engine.predict("validation"), answers, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("loss", ["cross-entropy", "binary-cross-entropy", "squared-error"])
def test_networks_with_rows_of_their_own_get_the_bits_that_each_gets_alone(
    make_engine: MakeEngine, loss: Loss
) -> None:
    network = NetworkSpec(12, (7,), 3, "tanh", loss=loss)
    samples = draw_samples(network, weighted=True)
    configs = [TrainConfig(seed=seed, dropout=0.1 * seed) for seed in (1, 2, 3)]
    together = make_engine(network, configs, batch_size=8)
    train(together, samples, ROWS, HELD_OUT)
    assert together.metrics().seen.tolist() == [45, 44, 45]
    assert together.evaluate("validation").seen.tolist() == list(map(len, HELD_OUT))
    for p, own in enumerate(configs):
        alone = make_engine(network, own, batch_size=8)
        train(alone, samples, [ROWS[p]], [HELD_OUT[p]])
        assert outcome(alone, 0) == outcome(together, p)


def test_a_network_with_rows_of_its_own_trains_as_on_a_split_of_these_rows(
    make_engine: MakeEngine,
) -> None:
    network = NetworkSpec(12, (7,), 3)
    samples = draw_samples(network)
    configs = [TrainConfig(seed=seed, dropout=0.2) for seed in (1, 2, 3)]
    engine = make_engine(network, configs, batch_size=8)
    train(engine, samples, ROWS, HELD_OUT)
    for p, own in enumerate(configs):
        alone = make_engine(network, own, batch_size=8)
        train(alone, samples[ROWS[p]], None, None)
        alone.load("validation", samples[HELD_OUT[p]])
        assert alone.parameters()[0].tobytes() == engine.parameters()[p].tobytes()
        assert alone.evaluate("validation").loss[0] == pytest.approx(
            engine.evaluate("validation").loss[p], rel=SUMS
        )


@pytest.mark.parametrize("own", [False, True], ids=["all rows", "own rows"])
def test_an_epoch_that_is_not_whole_tells_what_its_samples_weigh(
    make_engine: MakeEngine, own: bool
) -> None:
    network = NetworkSpec(12, (7,), 3)
    samples = draw_samples(network, weighted=True)
    assert samples.weights is not None
    engine = make_engine(network, [TrainConfig(seed=seed) for seed in (1, 2, 3)], batch_size=8)
    engine.set_parameters(initial_parameters(network, "auto", engine.seeds))
    engine.load("train", samples, rows=ROWS if own else None)
    order = own_order(engine, ROWS, 1) if own else epoch_order(engine.seeds, 1, 90)
    engine.begin_epoch(order, np.full((3, -(-order.shape[1] // 8)), 0.05), 0)
    counts = [16, 16, 16]
    for steps in (2, order.shape[1] // 8 - 1):
        engine.train(steps)
        drawn = [samples.weights[own[:n]].sum() for own, n in zip(order, counts, strict=True)]
        assert engine.metrics().weight == pytest.approx(drawn)
        counts = [45, 44, 45] if own else [90] * 3
    assert (engine.metrics().accuracy <= 1).all()


def test_networks_with_rows_of_their_own_go_on_when_others_rest(make_engine: MakeEngine) -> None:
    network = NetworkSpec(12, (7,), 3)
    samples = draw_samples(network)
    configs = [TrainConfig(seed=seed) for seed in (1, 2, 3)]
    whole, parted = (make_engine(network, configs, batch_size=8) for _ in range(2))
    train(whole, samples, ROWS, HELD_OUT)
    train(parted, samples, ROWS, HELD_OUT, epochs=1)
    parted.deactivate([0])
    parted.begin_epoch(own_order(parted, ROWS, 2), np.full((3, 6), 0.05), 6)
    parted.train(6)
    assert parted.metrics().seen.tolist() == [0, 44, 45]
    assert parted.evaluate("validation").seen.tolist() == [0, *map(len, HELD_OUT[1:])]
    for p in (1, 2):
        assert outcome(whole, p) == outcome(parted, p)


@pytest.mark.parametrize(
    ("inputs", "hidden", "outputs", "loss", "floats"),
    [
        (784, (30,), 10, "cross-entropy", False),
        (13, (100, 9), 1, "squared-error", True),
        (5, (), 3, "binary-cross-entropy", True),
        (70, (17,), 2, "quadratic", True),
    ],
)
@pytest.mark.parametrize("activation", ["gelu", "tanh"])
def test_a_rows_answer_has_the_same_bits_whatever_rows_are_beside_it(
    make_engine: MakeEngine,
    inputs: int,
    hidden: tuple[int, ...],
    outputs: int,
    loss: Loss,
    floats: bool,
    activation: str,
) -> None:
    network = NetworkSpec(
        inputs, hidden, outputs, activation, loss=loss, layer_norm=len(hidden) > 1
    )
    engine = make_engine(network, TrainConfig(seed=1, ensemble=2), batch_size=8)
    engine.set_parameters(initial_parameters(network, "auto", engine.seeds))
    draws = np.random.default_rng(2)
    features: Any = draws.integers(0, 256, (1100, inputs), dtype=np.uint8)
    if floats:
        features = draws.normal(size=(1100, inputs)).astype(np.float32)
    labels: Any = np.zeros((1100, outputs), np.float32)
    if LOSS_FACTS[loss].kind == "classes":
        labels = np.zeros(1100, np.int32)
    samples = Samples(features, labels)
    engine.load("test", samples)
    whole = engine.predict("test")
    for start, count in ((0, 1), (1099, 1), (3, 7), (500, 64), (63, 65), (70, 1000)):
        fresh = make_engine(network, TrainConfig(seed=1, ensemble=2), batch_size=8)
        fresh.set_parameters(engine.parameters())
        part = slice(start, start + count)
        fresh.load("test", samples[part])
        assert whole[:, part].tobytes() == fresh.predict("test").tobytes(), (start, count)


def test_rows_that_make_unequal_numbers_of_steps_or_class_weights_are_refused() -> None:
    network = NetworkSpec(12, (7,), 3)
    samples = draw_samples(network)
    configs = tuple(TrainConfig(seed=seed, batch_size=8) for seed in (1, 2))
    engine = NumpyEngine(network, configs)
    with pytest.raises(ValueError, match=r"one number of steps, not \[5, 6\]"):
        engine.load("train", samples, rows=[ROWS[0], ROWS[1][:40]])
    balanced = NumpyEngine(network, [replace(one, class_weights="balanced") for one in configs])
    with pytest.raises(ValueError, match="shares the weights of classes"):
        balanced.load("train", samples, rows=ROWS[:2])
    balanced.load("train", samples, rows=[ROWS[0], ROWS[0]])
    own = class_weights("balanced", samples.labels[ROWS[0]], network)
    np.testing.assert_array_equal(balanced.class_weights, own)


HASWELL = """
import numpy as np
from gpunet.engine.reference.group import _in_blocks
rows, weights = np.random.default_rng(1).normal(size=(2, 33, 33)).astype(np.float32)
whole = (_in_blocks(rows) @ weights).reshape(-1, 33)
assert all((whole[at] == (_in_blocks(rows[at:]) @ weights)[0, 0, 0]).all() for at in range(33))
"""


def test_rows_are_rounded_alike_by_the_routines_of_processors_without_avx512() -> None:
    environment = os.environ | {"OPENBLAS_CORETYPE": "Haswell"}
    subprocess.run([sys.executable, "-c", HASWELL], env=environment, check=True)
