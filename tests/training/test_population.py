"""Networks that are trained side by side, each with its own settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import pytest
from tests.engines import numpy_engine

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.engine.interface import Engine
from gpunet.errors import UsageError
from gpunet.training.events import EpochRecord
from gpunet.training.loop import Prune
from gpunet.training.member import Member, mean_history
from gpunet.training.result import TrainingResult
from gpunet.training.trainer import train, train_population

MakeEngine = Callable[..., Engine]


def noise() -> Dataset:
    """Samples whose labels are hard to learn, so that runs differ in when they stop."""
    draws = np.random.default_rng(3)

    def samples(count: int) -> Samples:
        labels = draws.integers(0, 3, count).astype(np.int32)
        points = draws.normal(120, 40, (count, 6)) + 12 * labels[:, None]
        return Samples(np.clip(points, 0, 255).astype(np.uint8), labels)

    return Dataset("noise", samples(90), samples(30), ("a", "b", "c"), None, "drawn here")


def settings(**changes: Any) -> TrainConfig:
    defaults = {"hidden": (5,), "epochs": 6, "batch_size": 16, "validation": 20, "patience": 0}
    return TrainConfig(**{**defaults, **changes})


CONFIGS = (
    settings(seed=1, learning_rate=0.01),
    settings(seed=2, learning_rate=0.1, patience=1, schedule="plateau", lr_decay_every=1),
    settings(seed=3, dropout=0.3, l2=1e-4, epochs=3),
    settings(seed=1, beta1=0.8, label_smoothing=0.1, weight_decay=0.01, initialization="uniform"),
)


def together(configs: Sequence[TrainConfig], prune: Prune | None = None) -> TrainingResult:
    return train_population(numpy_engine(configs, 6, 3), noise(), configs, prune=prune)


def timeless(history: Sequence[EpochRecord]) -> list[EpochRecord]:
    return [dataclasses.replace(record, seconds=0, samples_per_second=0) for record in history]


OF_ONE_SEED = tuple(settings(seed=4, learning_rate=rate, patience=1) for rate in (0.02, 0.3, 0.1))


@pytest.mark.parametrize("configs", [CONFIGS, OF_ONE_SEED], ids=["all-different", "one-seed"])
def test_each_network_gets_what_it_gets_alone_to_the_bit(
    make_engine: MakeEngine, configs: tuple[TrainConfig, ...]
) -> None:
    engine = make_engine(configs[0].network(6, 3), configs)
    population = train_population(engine, noise(), configs)
    assert len({len(network.history) for network in population.networks}) > 1
    for place, config in enumerate(configs):
        engine = make_engine(config.network(6, 3), config)
        alone = train(engine, noise(), config)
        network = population.networks[place]
        assert timeless(alone.history) == timeless(network.history)
        assert alone.stop_reason == network.stop_reason
        assert alone.best_epoch == network.best_epoch
        assert alone.parameters[0].tobytes() == population.parameters[place].tobytes()


def test_a_pruned_network_ends_and_the_others_go_on() -> None:
    def prune(members: Sequence[Member]) -> Collection[int]:
        return [2] if len(members[0].history) == 2 else []

    population = together(CONFIGS[:3], prune)
    assert [population.networks[p].stop_reason for p in (0, 2)] == ["epochs", "pruned"]
    assert len(population.networks[2].history) == 2
    assert len(population.networks[0].history) == 6


def test_a_population_leaves_the_test_set_alone() -> None:
    population = together(CONFIGS)
    assert not population.test.seen.any()
    assert population.test_outputs.shape == (4, 0, 3)


def test_a_network_that_diverges_does_not_disturb_the_others() -> None:
    wild = settings(seed=5, learning_rate=1e38)
    population = together((CONFIGS[0], wild))
    assert [one.stop_reason for one in population.networks] == ["epochs", "diverged"]
    assert population.learned == [0]
    assert len(population.networks[1].history) == 1
    calm = together(CONFIGS[:1])
    assert calm.parameters[0].tobytes() == population.parameters[0].tobytes()


def test_a_run_in_which_all_diverge_does_not_go_through_the_epoch() -> None:
    wild = settings(seed=5, learning_rate=1e38, batch_size=1)
    engine = numpy_engine(wild, 6, 3)
    result = train(engine, noise(), wild)
    assert result.stop_reason == "diverged"
    assert result.steps < 70


@pytest.mark.parametrize(("name", "value"), [("hidden", (6,)), ("batch_size", 8)])
def test_networks_of_different_shapes_are_no_population(name: str, value: Any) -> None:
    engine = numpy_engine(CONFIGS[:2], 6, 3)
    other = dataclasses.replace(CONFIGS[1], **{name: value})
    with pytest.raises(UsageError, match=f"network 1 of the population has {name}"):
        train_population(engine, noise(), (CONFIGS[0], other))


def test_the_mean_history_is_over_the_networks_that_ran() -> None:
    def record(epoch: int, loss: float) -> EpochRecord:
        return EpochRecord(epoch, loss, 0.5, loss, 0.5, 0.1, 2.0, 100.0)

    mean = mean_history([[record(1, 1.0), record(2, 0.5)], [record(1, 3.0)]])
    assert [one.train_loss for one in mean] == [2.0, 0.5]
    assert [one.samples_per_second for one in mean] == [200.0, 100.0]
