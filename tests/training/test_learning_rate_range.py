from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.engines import numpy_engine

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.interface import Engine
from gpunet.engine.metrics import Metrics
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.errors import UsageError
from gpunet.parameters import initial_parameters
from gpunet.training.learning_rate_range import find_learning_rate

CONFIG = TrainConfig(hidden=(8,), batch_size=16, optimizer="sgd")


def samples() -> Samples:
    """Two clusters that are easily told apart."""
    draws = np.random.default_rng(0)
    labels = draws.integers(0, 2, 200).astype(np.int32)
    points = draws.normal(0, 1, (200, 6)) + 3 * labels[:, None]
    return Samples(points.astype(np.float32), labels)


def make(engine_class: Any = NumpyEngine, config: TrainConfig = CONFIG) -> Any:
    return numpy_engine(config, 6, 2, engine_class)


def test_the_rates_grow_by_the_same_factor_from_step_to_step() -> None:
    found = find_learning_rate(make(), samples())
    factors = found.learning_rates[1:] / found.learning_rates[:-1]
    np.testing.assert_allclose(factors, 1e7 ** (1 / 149), rtol=1e-9)
    assert pytest.approx(1e-6) == found.learning_rates[0]
    assert len(found.losses) == len(found.smoothed) == len(found.learning_rates)


def test_the_engine_is_left_with_the_initial_weights(make_engine: Callable[..., Engine]) -> None:
    engine = make_engine(CONFIG.network(6, 2), CONFIG)
    found = find_learning_rate(engine, samples())
    initial = initial_parameters(engine.network, CONFIG.initialization, [CONFIG.seed])
    np.testing.assert_array_equal(initial, engine.parameters())
    assert 1e-3 < found.suggestion < 1
    assert found.smoothed.min() < 0.5 * found.smoothed[0]


def test_the_first_loss_is_that_of_the_first_batch_before_it_was_learnt_from() -> None:
    engine = make()
    found = find_learning_rate(engine, samples())
    again = find_learning_rate(engine, samples())
    np.testing.assert_array_equal(found.losses, again.losses)
    assert found.losses[0] == found.smoothed[0]


def test_the_loss_is_the_one_that_would_be_trained_with() -> None:
    weighted = dataclasses.replace(CONFIG, class_weights="3,3")
    plain, heavy = (find_learning_rate(make(config=one), samples()) for one in (CONFIG, weighted))
    assert pytest.approx(3 * plain.losses[0], rel=1e-6) == heavy.losses[0]


class Scripted(NumpyEngine):
    """Its loss falls until a step and then rises, whatever it is trained with."""

    losses: tuple[float, ...] = ()
    steps = 0
    total = 0.0

    def begin_epoch(self, *arguments: Any) -> None:
        self.total, self.in_epoch = 0.0, 0
        super().begin_epoch(*arguments)

    def train(self, steps: int) -> None:
        self.total += self.losses[min(self.steps, len(self.losses) - 1)]
        self.steps += 1
        self.in_epoch += 1

    def metrics(self) -> Metrics:
        seen = np.array([self.in_epoch])
        return Metrics(np.array([self.total]), seen, seen, np.zeros(1))


def scripted(*losses: float) -> type[Scripted]:
    return type("Scripted", (Scripted,), {"losses": losses})


def test_the_test_ends_where_the_loss_explodes() -> None:
    found = find_learning_rate(make(scripted(*[1.0] * 50, 100.0)), samples())
    assert len(found.losses) == 51


def test_a_loss_that_is_no_number_ends_the_test_and_is_not_suggested() -> None:
    found = find_learning_rate(make(scripted(3.0, 2.0, 1.0, float("nan"))), samples())
    assert len(found.losses) == 4
    assert pytest.approx(found.learning_rates[2] / 10) == found.suggestion


def test_a_loss_that_is_infinite_from_the_start_is_one_clear_error() -> None:
    with pytest.raises(UsageError, match="not finite before the first step"):
        find_learning_rate(make(scripted(float("inf"))), samples())


def test_a_single_lucky_batch_is_not_suggested() -> None:
    falling = [3.0 - step / 10 for step in range(20)]
    lucky = [*falling[:5], 0.5, *falling[5:], 1000.0]
    found = find_learning_rate(make(scripted(*lucky)), samples())
    assert found.suggestion == pytest.approx(found.learning_rates[20] / 10)
