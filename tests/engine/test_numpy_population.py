"""A population that is cut into groups gives what it gives as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import get_ident
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.reference import kernels, numpy_engine
from gpunet.engine.reference.numpy_engine import NumpyEngine, networks_together
from gpunet.parameters import initial_parameters
from gpunet.training.batches import epoch_order, own_order

NETWORK = NetworkSpec(12, (7,), 3)
CONFIGS = tuple(
    TrainConfig(
        seed=seed,
        momentum=0.9 if seed == 4 else 0.0,
        dropout=0.1 * (seed % 2),
        optimizer="sgd",
        class_weights=(1.0, 2.0, 0.5),
        batch_size=8,
    )
    for seed in range(5)
)


@pytest.fixture
def together() -> NumpyEngine:
    """All networks are computed at once."""
    assert networks_together(NETWORK, "sgd_momentum", 8) > len(CONFIGS)
    return NumpyEngine(NETWORK, CONFIGS)


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> NumpyEngine:
    """Two networks are computed at once, in each of two threads."""
    monkeypatch.setattr(numpy_engine, "processors", lambda: 2)
    monkeypatch.setattr(numpy_engine, "CACHE", 2 * 4 * 3 * NETWORK.parameter_count)
    assert networks_together(NETWORK, "sgd_momentum", 8) == 2
    return NumpyEngine(NETWORK, CONFIGS)


def trained(engine: NumpyEngine, samples: Samples, inactive: Sequence[int]) -> None:
    """Two epochs; after the first one, some networks are deactivated."""
    engine.load("train", samples)
    engine.load("validation", samples[:9])
    seeds = [one.seed for one in CONFIGS]
    engine.set_parameters(initial_parameters(NETWORK, "auto", seeds))
    for epoch in range(2):
        engine.begin_epoch(epoch_order(seeds, epoch + 1, 32), np.full((5, 4), 0.05), 4 * epoch)
        engine.train(3)
        engine.train(1)
        if epoch == 0:
            engine.deactivate(inactive)


def test_every_thread_of_the_groups_limits_blas_itself(
    groups: NumpyEngine, random_samples: Callable[..., Samples], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As OpenMP, by which some builds of BLAS compute, has a limit for each thread."""
    limited, computing = set(), set()

    class PerThread:
        lib_controllers = ()

        def limit(self, limits: int) -> PerThread:
            limited.add(get_ident())
            return self

        def restore_original_limits(self) -> None:
            pass

    def forward(*arguments: Any) -> Any:
        computing.add(get_ident())
        return kernels_forward(*arguments)

    kernels_forward = kernels.forward
    monkeypatch.setattr(numpy_engine, "_blas", PerThread)
    monkeypatch.setattr(kernels, "forward", forward)
    trained(groups, random_samples(32, 12, 3), ())
    assert computing - {get_ident()}
    assert computing <= limited


@pytest.mark.parametrize("inactive", [(1, 2), (2, 3), (0, 1, 4)])
def test_groups_give_the_bits_of_a_population_in_one(
    together: NumpyEngine,
    groups: NumpyEngine,
    random_samples: Callable[..., Samples],
    inactive: Sequence[int],
) -> None:
    samples = random_samples(32, 12, 3)
    trained(together, samples, inactive)
    trained(groups, samples, inactive)
    assert together.parameters().tobytes() == groups.parameters().tobytes()
    assert together.moments().tobytes() == groups.moments().tobytes()
    for count, one, other in (
        (32, together.metrics(), groups.metrics()),
        (9, together.evaluate("validation"), groups.evaluate("validation")),
    ):
        assert one.loss.tolist() == other.loss.tolist()
        assert one.correct.tolist() == other.correct.tolist()
        assert [0 if p in inactive else count for p in range(5)] == other.seen.tolist()
    np.testing.assert_array_equal(together.predict("validation"), groups.predict("validation"))
    moments = groups.moments()
    groups.set_moments(moments * 2)
    np.testing.assert_array_equal(moments * 2, groups.moments())


def test_the_kernels_of_all_groups_are_timed(
    groups: NumpyEngine, random_samples: Callable[..., Samples]
) -> None:
    trained(groups, random_samples(32, 12, 3), ())
    groups.begin_epoch(epoch_order([1] * 5, 3, 32), np.full((5, 4), 0.05), 8)
    times = groups.time_kernels(2)
    assert all(one.seconds > 0 for one in times)
    operations = {one.label: one.operations for one in times}
    assert operations["forward"] == 5 * 2 * 8 * (12 * 7 + 7 * 3)
    assert len({one.label for one in times}) == len(times)


def test_a_large_network_is_computed_alone_and_small_ones_together() -> None:
    assert networks_together(NetworkSpec(784, (512, 512), 10), "adam", 32) == 1
    assert networks_together(NetworkSpec(784, (16, 16), 10), "adam", 4) == 5


def test_fewer_are_computed_together_of_large_batches() -> None:
    network = NetworkSpec(64, (32,), 10)
    assert networks_together(network, "adam", 16) == 27
    assert networks_together(network, "adam", 200) == 9
    assert networks_together(network, "adam", 100_000) == 1


def own_bits(
    configs: Sequence[TrainConfig],
    samples: Samples,
    train: Sequence[NDArray[np.uint32]],
    held: Sequence[NDArray[np.uint32]],
) -> list[tuple[bytes, tuple[float, ...]]]:
    """What each network with rows of its own comes to in two epochs, and how it is scored."""
    engine = NumpyEngine(NETWORK, configs)
    engine.set_parameters(engine.initial_parameters())
    engine.load("train", samples, rows=train)
    engine.load("validation", samples, rows=held)
    for epoch in range(2):
        order = own_order(engine.seeds, epoch + 1, train)
        engine.begin_epoch(order, np.full((len(configs), 4), 0.05), 4 * epoch)
        engine.train(4)
    scores = [engine.metrics(), engine.evaluate("validation")]
    return [
        (
            engine.parameters()[p].tobytes(),
            tuple(float(x[p]) for one in scores for x in (one.loss, one.correct, one.seen)),
        )
        for p in range(len(configs))
    ]


def test_networks_with_rows_of_their_own_get_the_bits_of_each_alone(
    random_samples: Callable[..., Samples],
) -> None:
    samples, random = random_samples(40, 12, 3), np.random.default_rng(0)
    configs = [replace(one, class_weights="none") for one in CONFIGS]
    counts = (32, 31, 32, 25, 31)  # four batches, the last of them of 8, 7 or 1
    orders = [random.permutation(40).astype(np.uint32) for _ in counts]
    train = [order[:count] for order, count in zip(orders, counts, strict=True)]
    held = [order[count:] for order, count in zip(orders, counts, strict=True)]
    together = own_bits(configs, samples, train, held)
    for p, config in enumerate(configs):
        assert own_bits([config], samples, train[p : p + 1], held[p : p + 1]) == [together[p]]
        own, rest = samples[train[p]], samples[held[p]]
        engine = NumpyEngine(NETWORK, configs[p : p + 1])
        engine.load("train", own)
        engine.load("validation", rest)
        engine.set_parameters(engine.initial_parameters())
        for epoch in range(2):
            order = epoch_order([config.seed], epoch + 1, counts[p])
            engine.begin_epoch(order, np.full((1, 4), 0.05), 4 * epoch)
            engine.train(4)
        assert engine.parameters()[0].tobytes() == together[p][0]
        scores = (engine.metrics(), engine.evaluate("validation"))
        seen = [float(x[0]) for one in scores for x in (one.loss, one.correct, one.seen)]
        assert tuple(seen) == together[p][1]
