"""numpy's results and times are those of one thread, whatever BLAS has."""

from __future__ import annotations

import gc
import os
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from threading import Event

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.reference import kernels as numpy_kernels
from gpunet.engine.reference import numpy_engine
from gpunet.engine.reference.numpy_engine import NumpyEngine, numpy_conditions
from gpunet.parameters import initial_parameters
from gpunet.training.batches import epoch_order

NETWORK = NetworkSpec(784, (128,), 10)


@pytest.fixture
def blas() -> ThreadpoolController:
    numpy_engine._blas.cache_clear()  # so that it knows what other tests have loaded
    found = ThreadpoolController().select(user_api="blas")
    if not found.info():
        pytest.skip("the threads of this machine's BLAS cannot be limited")
    return found


def threads(blas: ThreadpoolController) -> list[int]:
    return [library["num_threads"] for library in blas.info()]


def trained(samples: Samples) -> NumpyEngine:
    """Two networks after two steps of 128 samples, with products of 12.8 million terms."""
    configs = TrainConfig(seed=1, batch_size=128, ensemble=2)
    engine = NumpyEngine(NETWORK, configs)
    engine.load("train", samples)
    engine.set_parameters(initial_parameters(NETWORK, "auto", [1, 2]))
    engine.begin_epoch(epoch_order([1, 2], 1, 256), np.full((2, 2), 0.01), 0)
    engine.train(2)
    return engine


def test_no_bit_of_a_training_depends_on_the_threads_that_blas_has(
    random_samples: Callable[..., Samples], blas: ThreadpoolController
) -> None:
    samples = random_samples(256, 784, 10)
    outcomes = []
    for limit in (1, 2):
        with blas.limit(limits=limit):
            engine = trained(samples)
            outcomes.append(
                (
                    engine.parameters().tobytes(),
                    engine.evaluate("train").loss.tobytes(),
                    engine.predict("train").tobytes(),
                )
            )
    assert outcomes[0] == outcomes[1]


def test_blas_has_one_thread_in_every_product_and_afterwards_what_it_had(
    random_samples: Callable[..., Samples],
    blas: ThreadpoolController,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[int] = []

    def watched(kernel: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **named: object) -> object:
            seen.extend(threads(blas))
            return kernel(*arguments, **named)

        return call

    for name in ("forward", "input_gradient", "weight_gradient"):
        monkeypatch.setattr(numpy_kernels, name, watched(getattr(numpy_kernels, name)))
    with blas.limit(limits=2):
        before = threads(blas)
        trained(random_samples(256, 784, 10)).evaluate("train")
        assert before == threads(blas)
    assert seen
    assert {1} == set(seen)


def test_blas_has_one_thread_as_long_as_any_thread_of_the_process_computes(
    blas: ThreadpoolController,
) -> None:
    def second() -> list[int]:
        with numpy_conditions():
            second_computes.set()
            assert first_is_done.wait(30)
            return threads(blas)

    second_computes, first_is_done = Event(), Event()
    with blas.limit(limits=2), ThreadPoolExecutor(1) as pool:
        before = threads(blas)
        with numpy_conditions():
            seen = pool.submit(second)
            assert second_computes.wait(30)
        first_is_done.set()
        assert {1} == set(seen.result())
        assert before == threads(blas)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")
def test_a_process_that_is_forked_while_a_thread_computes_computes_too(
    blas: ThreadpoolController,
) -> None:
    """The thread may hold any lock just then, and is not there to give it back."""
    with blas.limit(limits=2):
        before = threads(blas)
        with numpy_conditions(), numpy_engine._ONE_THREAD._lock:
            child = get_context("fork").Process(target=conditions_are_restored, args=(before,))
            child.start()
        child.join(20)
        child.kill()
        assert child.exitcode == 0


def conditions_are_restored(before: list[int]) -> None:
    """In another process."""
    found = ThreadpoolController().select(user_api="blas")
    with numpy_conditions():
        assert set(threads(found)) == {1}
    assert threads(found) == before


def test_an_engine_that_nobody_needs_any_more_gives_its_memory_back_at_once(
    random_samples: Callable[..., Samples],
) -> None:
    gc.disable()
    try:
        engine = trained(random_samples(256, 784, 10))
        gone = weakref.ref(engine)
        del engine
        assert gone() is None
    finally:
        gc.enable()
