"""Networks of a population that are trained and validated each on rows of its own."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.engines import numpy_engine

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.errors import DeviceError, UsageError
from gpunet.training.own_rows import OwnRows, Pool
from gpunet.training.result import TrainingResult
from gpunet.training.trainer import train, train_population

FOLDS = ((0, 30, 45), (10, 39, 50), (1, 31, 33))  # the first row, that after the last, the end


def drawn(kind: str) -> Samples:
    random = np.random.default_rng(5)
    features = random.normal(size=(50, 4)).astype(np.float32)
    labels: NDArray[Any] = random.integers(0, 3, 50).astype(np.int32)
    if kind == "measured":
        labels = random.normal(size=(50, 2)).astype(np.float32)
    weights = random.random(50).astype(np.float32) if kind == "weighted" else None
    return Samples(features, labels, weights)


def dataset(samples: Samples, held: Samples) -> Dataset:
    measured = samples.labels.ndim == 2
    return Dataset(
        "drawn",
        samples,
        samples[:0],
        () if measured else ("a", "b", "c"),
        None,
        "drawn here",
        validation=held,
        targets=("x", "y") if measured else (),
        kind="measured" if measured else "classes",
    )


def configs(kind: str) -> list[TrainConfig]:
    """Settings of three networks, one of which ends early and one of which is dropped out."""
    common = {
        "hidden": (5,),
        "batch_size": 8,
        "epochs": 7,
        "standardize": False,
        "scale_targets": False,
        "loss": "squared-error" if kind == "measured" else "cross-entropy",
        "lr_decay_every": 3,
        "monitor": "val_r2" if kind == "measured" else "val_accuracy",
    }
    own: list[dict[str, Any]] = [
        {"seed": 1, "patience": 1, "learning_rate": 0.1},
        {"seed": 2, "patience": 0, "dropout": 0.2},
        {"seed": 1, "patience": 3, "l2": 0.01},
    ]
    return [TrainConfig(**{**common, **one}) for one in own]


def together(kind: str) -> TrainingResult:
    samples, training, held = drawn(kind), Pool(), Pool()
    rows = [training.add(samples[first:stop]) for first, stop, _ in FOLDS]
    held_rows = [held.add(samples[stop:end]) for _, stop, end in FOLDS]
    assert len(training.samples) == 39
    assert len(held.samples) == 20
    like = dataset(samples, samples)
    own = OwnRows.of(like, (training, rows), (held, held_rows))
    settings = configs(kind)
    engine = numpy_engine(settings, 4, like.outputs)
    return train_population(engine, own.dataset, settings, own=own)


@pytest.mark.parametrize("kind", ["classes", "measured"])
def test_each_network_comes_to_the_bits_and_scores_that_it_has_alone(kind: str) -> None:
    found, samples = together(kind), drawn(kind)
    assert len({len(one.history) for one in found.networks}) > 1
    for p, (config, (first, stop, end)) in enumerate(zip(configs(kind), FOLDS, strict=True)):
        data = dataset(samples[first:stop], samples[stop:end])
        alone = train(numpy_engine(config, 4, data.outputs), data, config)
        assert alone.parameters.tobytes() == found.parameters[p : p + 1].tobytes()
        assert alone.stop_reason == found.networks[p].stop_reason

        def timeless(history: Any) -> list[Any]:
            return [dataclasses.replace(one, seconds=0, samples_per_second=0) for one in history]

        assert timeless(alone.networks[0].history) == timeless(found.networks[p].history)


def test_rows_that_are_alike_are_kept_once_with_their_labels_and_weights() -> None:
    samples, pool = drawn("weighted"), Pool()
    first = pool.add(samples[:20])
    again = pool.add(samples[np.array([3, 40, 7])])
    assert samples.weights is not None
    others = dataclasses.replace(samples, weights=samples.weights * 2)
    weighted = pool.add(others[:2])
    assert again.tolist() == [3, 20, 7]
    assert weighted.tolist() == [21, 22]
    for rows, wanted in (
        (first, samples[:20]),
        (again, samples[np.array([3, 40, 7])]),
        (weighted, others[:2]),
    ):
        found = pool.samples[rows]
        assert wanted.features.tobytes() == found.features.tobytes()
        assert wanted.labels.tobytes() == found.labels.tobytes()
        assert wanted.weights is not None
        assert found.weights is not None
        assert wanted.weights.tobytes() == found.weights.tobytes()


def test_networks_that_take_other_numbers_of_steps_are_refused() -> None:
    samples, pool = drawn("classes"), Pool()
    rows = [pool.add(samples[:32]), pool.add(samples[:33]), pool.add(samples[:25])]
    own = OwnRows.of(dataset(samples, samples), (pool, rows), None)
    settings = configs("classes")
    with pytest.raises(
        UsageError, match=r"take \[4, 5\] steps in an epoch, wanted the same number"
    ):
        train_population(numpy_engine(settings, 4, 3), own.dataset, settings, own=own)


def test_samples_that_do_not_fit_the_device_at_once_are_refused() -> None:
    class Small(NumpyEngine):
        """An engine that holds few samples."""

        def most_samples(self, split: Any, row_bytes: int) -> int:
            return 20

    samples, pool = drawn("classes"), Pool()
    own = OwnRows.of(dataset(samples, samples), (pool, [pool.add(samples)] * 3), None)
    settings = configs("classes")
    with pytest.raises(DeviceError, match="cannot hold the 50 samples of the population"):
        train_population(numpy_engine(settings, 4, 3, Small), own.dataset, settings, own=own)
