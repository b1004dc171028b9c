"""A population that is cut into groups gives what it gives as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.interface import Engine
from gpunet.engine.reference import population as numpy_population
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.engine.reference.population import NumpyPopulation, networks_together
from gpunet.parameters import initial_parameters
from gpunet.training.batches import epoch_order

NETWORK = NetworkSpec(12, (7,), 3)
CONFIGS = tuple(
    TrainConfig(
        seed=seed,
        momentum=0.9 if seed == 4 else 0.0,
        dropout=0.1 * (seed % 2),
        optimizer="sgd",
        batch_size=8,
    )
    for seed in range(5)
)


@pytest.fixture
def _pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two networks are computed together."""
    monkeypatch.setattr(numpy_population, "CACHE", 2 * 4 * 3 * NETWORK.parameter_count)


def trained(engine: Engine, samples: Samples, rest: Sequence[int] = (1, 2)) -> Engine:
    """Two epochs; after the first one, some networks rest."""
    engine.class_weights = np.array([1, 2, 0.5], dtype=np.float32)
    engine.load("train", samples)
    engine.load("validation", samples[:9])
    seeds = [one.seed for one in CONFIGS]
    engine.set_parameters(initial_parameters(NETWORK, "auto", seeds))
    for epoch in range(2):
        engine.begin_epoch(epoch_order(seeds, epoch + 1, 32), np.full((5, 4), 0.05), 4 * epoch)
        engine.train(3)
        engine.train(1)
        if epoch == 0:
            engine.deactivate(rest)
    return engine


@pytest.mark.usefixtures("_pairs")
@pytest.mark.parametrize("rest", [(1, 2), (2, 3), (0, 1, 4)])
def test_groups_give_the_bits_of_a_population_in_one(
    random_samples: Callable[..., Samples], rest: Sequence[int]
) -> None:
    samples = random_samples(32, 12, 3)
    assert networks_together(NETWORK, "sgd_momentum") == 2
    together = trained(NumpyEngine(NETWORK, CONFIGS), samples, rest)
    groups = trained(NumpyPopulation(NETWORK, CONFIGS), samples, rest)
    assert together.parameters().tobytes() == groups.parameters().tobytes()
    assert together.moments().tobytes() == groups.moments().tobytes()
    for count, one, other in (
        (32, together.metrics(), groups.metrics()),
        (9, together.evaluate("validation"), groups.evaluate("validation")),
    ):
        assert one.loss.tolist() == other.loss.tolist()
        assert one.correct.tolist() == other.correct.tolist()
        assert [0 if p in rest else count for p in range(5)] == other.seen.tolist()
    np.testing.assert_array_equal(together.predict("validation"), groups.predict("validation"))
    moments = groups.moments()
    groups.set_moments(moments * 2)
    np.testing.assert_array_equal(moments * 2, groups.moments())


@pytest.mark.usefixtures("_pairs")
def test_the_kernels_of_all_groups_are_timed(random_samples: Callable[..., Samples]) -> None:
    samples = random_samples(32, 12, 3)
    engine = trained(NumpyPopulation(NETWORK, CONFIGS), samples)
    engine.begin_epoch(epoch_order([1] * 5, 3, 32), np.full((5, 4), 0.05), 8)
    times = engine.time_kernels(2)
    assert all(one.seconds > 0 for one in times)
    assert len({one.label for one in times}) == len(times)


def test_a_large_network_is_computed_alone_and_small_ones_together() -> None:
    assert networks_together(NetworkSpec(784, (512, 512), 10), "adam") == 1
    assert networks_together(NetworkSpec(784, (16, 16), 10), "adam") == 5
