"""Large work is shared with a helper: the same bits, whoever does it, and never a wait for long."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

from gpunet.config import NetworkSpec
from gpunet.datasets.dataset import Samples
from gpunet.engine import numpy_engine, numpy_population, numpy_threads
from gpunet.engine.interface import Engine, NetworkSettings
from gpunet.engine.numpy_engine import NumpyEngine
from gpunet.engine.numpy_population import NumpyPopulation
from gpunet.engine.numpy_threads import alone, numpy_conditions, share
from gpunet.parameters import initial_parameters
from gpunet.training.batches import epoch_order

NETWORK = NetworkSpec(12, (7, 5), 3, layer_norm=True)
SETTINGS = tuple(NetworkSettings(seed=seed, dropout=0.1, l2=0.01) for seed in range(3))
ROWS = 2100


def backwards(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
    """As if a helper were always faster."""
    return [task() for task in reversed(tasks)][::-1]


def in_another_thread(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
    """As if this thread never came to do anything."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.extend(alone(tasks)))
    thread.start()
    thread.join()
    return results


@pytest.fixture
def _cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of this small network are cut, too, and its population has three groups."""
    monkeypatch.setattr(numpy_engine, "CUT_FROM", 1)
    monkeypatch.setattr(numpy_population, "CACHE", 1)


@pytest.fixture
def _helper() -> Iterator[None]:
    """A helper of the test's own."""
    numpy_threads._helper.cache_clear()
    yield
    numpy_threads._helper.cache_clear()


def trained(engine: Engine, samples: Samples, networks: slice = slice(None)) -> tuple[bytes, ...]:
    """Parameters, moments, metrics and probabilities after seven steps."""
    seeds = [one.seed for one in SETTINGS[networks]]
    engine.load("train", samples)
    engine.load("validation", samples)
    engine.set_parameters(initial_parameters(NETWORK, "auto", seeds))
    engine.begin_epoch(epoch_order(seeds, 1, ROWS), np.full((len(seeds), 7), 0.01), 0)
    engine.train(3)
    engine.train(4)
    scores = [engine.metrics(), engine.evaluate("validation")]
    return (
        engine.parameters().tobytes(),
        engine.moments().tobytes(),
        engine.predict("validation").tobytes(),
        *(one.loss.tobytes() + one.correct.tobytes() for one in scores),
    )


@pytest.mark.usefixtures("_cut")
@pytest.mark.parametrize("clip_norm", [0.0, 0.1])
@pytest.mark.parametrize("kind", [NumpyEngine, NumpyPopulation])
@pytest.mark.parametrize("way", [share, backwards, in_another_thread])
def test_who_computes_makes_no_difference_to_any_bit(
    random_samples: Callable[..., Samples],
    monkeypatch: pytest.MonkeyPatch,
    way: Callable[..., Any],
    kind: type[Engine],
    clip_norm: float,
) -> None:
    samples = random_samples(ROWS, 12, 3)
    settings = tuple(
        NetworkSettings(seed=one.seed, dropout=0.1, l2=0.01, clip_norm=clip_norm)
        for one in SETTINGS
    )
    outcomes = []
    for own in (alone, way):
        monkeypatch.setattr(numpy_engine, "share", own)
        monkeypatch.setattr(numpy_population, "share", own)
        outcomes.append(trained(kind(NETWORK, settings, "adam", 300), samples))
    assert outcomes[0] == outcomes[1]


@pytest.mark.usefixtures("_cut")
def test_a_network_that_is_cut_gets_in_a_population_the_bits_that_it_gets_alone(
    random_samples: Callable[..., Samples],
) -> None:
    samples = random_samples(ROWS, 12, 3)
    together, groups = (
        kind(NETWORK, SETTINGS, "adam", 300) for kind in (NumpyEngine, NumpyPopulation)
    )
    one = NumpyEngine(NETWORK, SETTINGS[1:2], "adam", 300)
    trained(together, samples)
    trained(groups, samples)
    trained(one, samples, slice(1, 2))
    assert one.parameters()[0].tobytes() == together.parameters()[1].tobytes()
    assert one.parameters()[0].tobytes() == groups.parameters()[1].tobytes()


def test_a_cut_step_is_the_step_of_the_whole_batch(
    random_samples: Callable[..., Samples], monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = random_samples(ROWS, 12, 3)
    engines = []
    for least in (1, ROWS * NETWORK.parameter_count + 1):
        monkeypatch.setattr(numpy_engine, "CUT_FROM", least)
        engines.append(NumpyEngine(NETWORK, SETTINGS, "adam", 300))
        trained(engines[-1], samples)
    # The rows' sums are taken in another order: seven steps of 0.01 leave rounding errors apart.
    np.testing.assert_allclose(engines[0].parameters(), engines[1].parameters(), atol=1e-5)
    assert engines[0].metrics().seen.tolist() == engines[1].metrics().seen.tolist()


@pytest.mark.usefixtures("_helper")
def test_the_helper_takes_a_task_while_this_thread_is_at_another() -> None:
    both = threading.Barrier(2, timeout=20)  # breaks if one thread has to do both tasks

    def meet() -> str:
        both.wait()
        return threading.current_thread().name

    assert {threading.current_thread().name, "numpy"} == set(share([meet, meet]))


@pytest.mark.usefixtures("_helper")
def test_a_helper_that_gets_no_core_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numpy_threads._Helper, "offer", lambda helper, job: None)
    here = threading.current_thread().name
    assert [here] * 4 == share([lambda: threading.current_thread().name] * 4)


@pytest.mark.usefixtures("_helper")
def test_a_helper_at_work_is_left_alone_and_its_own_tasks_stay_with_it() -> None:
    both = threading.Barrier(2, timeout=20)

    def name() -> str:
        return threading.current_thread().name

    def nested() -> list[str]:
        both.wait()
        names = share([name] * 3)
        both.wait()
        return [name(), *names]

    here, there = sorted(share([nested, nested]), key=lambda names: names[0] == "numpy")
    assert ["numpy"] * 4 == there
    assert [name()] * 4 == here


@pytest.mark.usefixtures("_helper")
@pytest.mark.parametrize("failing", [0, 1])
def test_an_error_is_raised_once_no_task_is_under_way(failing: int) -> None:
    both, ended = threading.Barrier(2, timeout=20), []

    def task(place: int) -> None:
        both.wait()
        if place == failing:
            raise KeyboardInterrupt
        ended.append(place)

    with pytest.raises(KeyboardInterrupt):
        share([lambda: task(0), lambda: task(1)])
    assert [1 - failing] == ended
    assert [1, 2] == share([lambda: 1, lambda: 2])


@pytest.mark.usefixtures("_helper")
def test_an_overflow_warns_in_neither_thread() -> None:
    both = threading.Barrier(2, timeout=20)

    def overflow() -> float:
        both.wait()
        return float((np.full(3, 1e38, dtype=np.float32) * np.float32(1e38))[0])

    with warnings.catch_warnings(), numpy_conditions():
        warnings.simplefilter("error")
        assert [np.inf, np.inf] == share([overflow, overflow])


def test_blas_has_one_thread_while_gpunet_computes_and_what_it_had_afterwards() -> None:
    blas = ThreadpoolController().select(user_api="blas")
    before = [one["num_threads"] for one in blas.info()]
    with numpy_conditions():
        share([lambda: None, lambda: None])
        assert [1 for _ in before] == [one["num_threads"] for one in blas.info()]
    assert before == [one["num_threads"] for one in blas.info()]
