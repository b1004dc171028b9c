"""BLAS has one thread; a helper takes halves of large products, and no bit tells who took which."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from gpunet.config import NetworkSpec
from gpunet.datasets.dataset import Samples
from gpunet.engine import numpy_population, numpy_threads
from gpunet.engine.interface import Engine, NetworkSettings
from gpunet.engine.numpy_engine import NumpyEngine
from gpunet.engine.numpy_population import NumpyPopulation
from gpunet.engine.numpy_threads import numpy_conditions, product, share
from gpunet.parameters import initial_parameters
from gpunet.training.batches import epoch_order

NETWORK = NetworkSpec(12, (7, 5), 3)
ROWS = 2100

Tasks = Sequence[Callable[[], object]]


def alone(tasks: Tasks) -> None:
    """As if the helper never got a core."""
    for task in tasks:
        task()


def backwards(tasks: Tasks) -> None:
    """As if the helper were always faster."""
    alone(tasks[::-1])


def in_another_thread(tasks: Tasks) -> None:
    """As if this thread never came to do anything."""
    thread = threading.Thread(target=alone, args=(tasks,))
    thread.start()
    thread.join()


@pytest.fixture
def _cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """The products of this small network are cut, too, and its population has three groups."""
    monkeypatch.setattr(numpy_threads, "CUT_FROM", 1)
    monkeypatch.setattr(numpy_population, "CACHE", 1)


@pytest.fixture
def _helper() -> Iterator[None]:
    """A helper of the test's own."""
    numpy_threads._helper.cache_clear()
    yield
    numpy_threads._helper.cache_clear()


def trained(kind: type[Engine], seeds: Sequence[int], samples: Samples) -> list[bytes]:
    """Parameters, probabilities and losses of every network after seven steps."""
    settings = tuple(NetworkSettings(seed=seed, dropout=0.1, l2=0.01) for seed in seeds)
    engine = kind(NETWORK, settings, "adam", 300)
    engine.load("train", samples)
    engine.load("validation", samples)
    engine.set_parameters(initial_parameters(NETWORK, "auto", seeds))
    engine.begin_epoch(epoch_order(seeds, 1, ROWS), np.full((len(seeds), 7), 0.01), 0)
    engine.train(3)
    engine.train(4)
    found = zip(
        engine.parameters(),
        engine.predict("validation"),
        engine.metrics().loss,
        engine.evaluate("validation").loss,
        strict=True,
    )
    return [b"".join(part.tobytes() for part in one) for one in found]


@pytest.mark.usefixtures("_cut")
@pytest.mark.parametrize("way", [share, backwards, in_another_thread])
def test_who_computes_makes_no_difference_to_any_bit(
    random_samples: Callable[..., Samples],
    monkeypatch: pytest.MonkeyPatch,
    way: Callable[..., None],
) -> None:
    samples = random_samples(ROWS, 12, 3)
    outcomes = []
    for own in (alone, way):
        monkeypatch.setattr(numpy_threads, "share", own)
        outcomes.append(trained(NumpyEngine, range(3), samples))
    assert outcomes[0] == outcomes[1]


@pytest.mark.usefixtures("_cut")
@pytest.mark.parametrize("kind", [NumpyEngine, NumpyPopulation])
def test_a_network_whose_products_are_cut_gets_in_a_population_the_bits_that_it_gets_alone(
    random_samples: Callable[..., Samples], kind: type[Engine]
) -> None:
    samples = random_samples(ROWS, 12, 3)
    assert trained(NumpyEngine, [1], samples)[0] == trained(kind, range(3), samples)[1]


def test_a_training_has_the_same_bits_whatever_number_of_threads_blas_is_left_with(
    random_samples: Callable[..., Samples],
) -> None:
    samples, network = random_samples(256, 300, 10), NetworkSpec(300, (256,), 10)
    outcomes = []
    for threads in (1, 2):
        with ThreadpoolController().select(user_api="blas").limit(limits=threads):
            engine = NumpyEngine(network, (NetworkSettings(seed=1),), "sgd", 128)
            engine.load("train", samples)
            engine.set_parameters(initial_parameters(network, "auto", [1]))
            engine.begin_epoch(epoch_order([1], 1, 256), np.full((1, 2), 0.1), 0)
            engine.train(2)
            outcomes.append(engine.parameters().tobytes())
    assert outcomes[0] == outcomes[1]


@pytest.mark.usefixtures("_cut")
@pytest.mark.parametrize(("rows", "columns"), [(8, 8), (9, 4), (4, 9), (1, 1), (1, 7)])
@pytest.mark.parametrize("networks", [(2, 2), (1, 2)])
def test_halves_make_the_whole_product(networks: tuple[int, int], rows: int, columns: int) -> None:
    # Whole numbers, so that the order of a sum makes no difference.
    draws = np.random.default_rng(0)
    left, right = (
        draws.integers(-9, 9, shape).astype(np.float32)
        for shape in ((networks[0], rows, 6), (networks[1], 6, columns))
    )
    expected: NDArray[np.float32] = np.matmul(left, right)
    out = np.full((2, rows + 1, columns), 7, dtype=np.float32)
    assert expected.tolist() == product(left, right).tolist()
    product(left, right, out=out[:, :-1])
    assert expected.tolist() == out[:, :-1].tolist()
    assert np.all(out[:, -1] == 7)


@pytest.mark.usefixtures("_helper")
def test_the_helper_takes_a_task_while_this_thread_is_at_another() -> None:
    both = threading.Barrier(2, timeout=20)  # breaks if one thread has to do both tasks
    names = set()

    def meet() -> None:
        both.wait()
        names.add(threading.current_thread().name)

    share([meet, meet])
    assert {threading.current_thread().name, "numpy"} == names


@pytest.mark.usefixtures("_helper")
def test_a_helper_that_is_at_something_else_is_not_waited_for() -> None:
    entered, leave, names = threading.Event(), threading.Event(), []

    def slow() -> None:
        entered.set()
        leave.wait(20)

    another = threading.Thread(target=share, args=([slow, slow],))
    another.start()
    assert entered.wait(20)
    share([lambda: names.append(threading.current_thread().name)] * 4)
    leave.set()
    another.join()
    assert [threading.current_thread().name] * 4 == names


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
    share([lambda: ended.append(2)])
    assert [1 - failing, 2] == ended


@pytest.mark.usefixtures("_helper")
def test_an_overflow_warns_in_neither_thread() -> None:
    both = threading.Barrier(2, timeout=20)

    def overflow() -> None:
        both.wait()
        np.full(3, 1e38, dtype=np.float32) * np.float32(1e38)

    with warnings.catch_warnings(), numpy_conditions():
        warnings.simplefilter("error")
        share([overflow, overflow])


def test_blas_has_one_thread_while_gpunet_computes_and_what_it_had_afterwards() -> None:
    blas = ThreadpoolController().select(user_api="blas")
    before = [one["num_threads"] for one in blas.info()]
    with numpy_conditions():
        share([lambda: None, lambda: None])
        assert [1 for _ in before] == [one["num_threads"] for one in blas.info()]
    assert before == [one["num_threads"] for one in blas.info()]
