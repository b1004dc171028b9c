"""Samples that come to the device window by window."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.engines import numpy_engine

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.scaling import Scaling
from gpunet.datasets.source import Source
from gpunet.engine.interface import Engine, Split
from gpunet.engine.metrics import Metrics
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.errors import DataError, DeviceError, UsageError
from gpunet.training import windows
from gpunet.training.events import Callback, EpochEnd
from gpunet.training.result import TrainingResult
from gpunet.training.splits import split
from gpunet.training.state import RunState
from gpunet.training.trainer import train
from gpunet.training.windows import Windows, evaluate_in_parts, parts_of, predict_in_parts

MakeEngine = Callable[..., Engine]


def numbered(count: int, classes: int = 3) -> Samples:
    """Samples whose first feature is their row, sorted by class."""
    labels = np.arange(count) * classes // count
    features = np.arange(4 * count, dtype=np.float32).reshape(count, 4) / 4
    return Samples(features, labels.astype(np.int32))


def noise(count: int = 90, seed: int = 3) -> Dataset:
    draws = np.random.default_rng(seed)

    def samples(number: int) -> Samples:
        labels = np.sort(draws.integers(0, 3, number)).astype(np.int32)
        points = draws.normal(120, 40, (number, 6)) + 12 * labels[:, None]
        return Samples(np.clip(points, 0, 255).astype(np.uint8), labels)

    return Dataset("noise", samples(count), samples(30), ("a", "b", "c"), None, "drawn here")


def config(**changes: Any) -> TrainConfig:
    defaults = {"hidden": (5,), "epochs": 3, "batch_size": 8, "validation": 20, "patience": 0}
    return TrainConfig(**{**defaults, **changes})


def of_size(source: Source, size: int, seed: int = 0) -> Windows:
    return Windows(source, size, seed)


def rows_of(one: Windows, epoch: int) -> list[list[int]]:
    """The rows of each window of an epoch of ``numbered`` samples."""
    return [
        [] if window.samples is None else window.samples.features[:, 0].astype(int).tolist()
        for window in one.of_epoch(epoch)
    ]


class SmallEngine(NumpyEngine):
    """Holds but 40 samples of a split at once."""

    def most_samples(self, split: Split, row_bytes: int) -> int:
        return 40


@pytest.mark.parametrize("count", [10, 64, 65, 1000, 4099])
@pytest.mark.parametrize("size", [8, 64, 512])
def test_an_epoch_sees_every_sample_once(count: int, size: int) -> None:
    parts = rows_of(of_size(Source(numbered(count)), min(size, count)), epoch=1)
    if size < count:
        assert [len(part) for part in parts[:-1]] == [size] * (count // size - (count % size == 0))
        assert sorted(chain.from_iterable(parts)) == list(range(count))
    else:
        assert parts == [[]]


def test_blocks_of_neighbors_are_drawn_together_and_still_every_sample_once() -> None:
    one = of_size(Source(numbered(20_001)), 2048)  # 8 rows a block, the last of 1
    parts = rows_of(one, epoch=1)
    assert sorted(chain.from_iterable(parts)) == list(range(20_001))
    neighbors = sum(b - a == 1 for a, b in zip(parts[0], parts[0][1:], strict=False))
    assert neighbors > 2048 * 6 / 8


def test_the_rows_of_some_samples_alone_are_drawn() -> None:
    rows = np.flatnonzero(np.arange(300) % 3 > 0)
    parts = rows_of(of_size(Source(numbered(300), rows), 64), epoch=2)
    assert sorted(chain.from_iterable(parts)) == rows.tolist()


def test_which_samples_meet_changes_with_the_epoch_and_the_seed_alone() -> None:
    source = Source(numbered(1000))
    first = rows_of(of_size(source, 128), epoch=1)
    assert first == rows_of(of_size(source, 128), epoch=1)
    assert first != rows_of(of_size(source, 128), epoch=2)
    assert first != rows_of(of_size(source, 128, seed=1), epoch=1)


def test_every_window_of_sorted_samples_holds_the_classes_in_nearly_equal_shares() -> None:
    source = Source(numbered(100_000, classes=10))
    for window in of_size(source, 8192).of_epoch(1):
        assert window.samples is not None
        shares = np.bincount(window.samples.labels, minlength=10) / window.count
        if window.count == 8192:
            assert abs(shares - 0.1).max() < 5 * 0.3 / np.sqrt(256)  # five standard deviations


def test_a_window_is_rounded_down_to_whole_batches() -> None:
    made = Windows.of(Source(numbered(100)), config(window=30), numpy_engine(config(), 4, 3))
    assert (made.size, len(made)) == (24, 5)


@pytest.mark.parametrize("window", [100, 101, 1 << 40])
def test_a_window_of_all_samples_is_one_though_they_are_no_whole_batches(window: int) -> None:
    made = Windows.of(Source(numbered(100)), config(window=window), numpy_engine(config(), 4, 3))
    assert (made.size, len(made)) == (100, 1)


def test_a_window_that_the_device_does_not_hold_is_refused() -> None:
    settings = config(window=80, validation=0)
    engine = numpy_engine(settings, 6, 3, SmallEngine)
    message = "holds at most 40 of these samples at once, but a window has 80; use a smaller window"
    with pytest.raises(DeviceError, match=message):
        train(engine, noise(100), settings)
    assert train(engine, noise(40), settings).window is None


def test_a_batch_that_the_device_does_not_hold_is_refused() -> None:
    settings = config(batch_size=50)
    engine = numpy_engine(settings, 6, 3, SmallEngine)
    with pytest.raises(DeviceError, match="but a window has 50; use a smaller batch_size"):
        train(engine, noise(100), settings)


def test_a_run_is_not_gone_on_with_where_its_windows_do_not_fit() -> None:
    kept = []

    class Keeper(Callback):
        def on_checkpoint(self, state: RunState) -> None:
            kept.append(state)

    train(numpy_engine(config(), 6, 3), noise(100), config(), callbacks=[Keeper()])
    engine = numpy_engine(config(), 6, 3, SmallEngine)
    message = "but a window has 80; go on with the run on numpy"
    with pytest.raises(DeviceError, match=message):
        train(engine, noise(100), config(), resume=kept[0])


def test_a_window_smaller_than_a_batch_is_refused() -> None:
    with pytest.raises(UsageError, match=r"window.* is 7, less than a batch of 8 samples"):
        config(window=7)


def test_all_samples_are_one_window_where_they_fit() -> None:
    made = Windows.of(Source(numbered(100)), config(), numpy_engine(config(), 4, 3))
    assert (made.size, len(made)) == (100, 1)
    assert [window.samples for window in made.of_epoch(1)] == [None]
    assert len(made.first()) == 100


def test_samples_that_do_not_fit_come_in_windows_of_what_does() -> None:
    engine = numpy_engine(config(), 4, 3, SmallEngine)
    made = Windows.of(Source(numbered(100)), config(), engine)
    assert (made.size, len(made)) == (40, 3)


def test_large_samples_that_do_not_fit_come_in_windows_of_so_many_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(windows, "WINDOW_BYTES", 16 * 24)
    engine = numpy_engine(config(), 4, 3, SmallEngine)
    assert Windows.of(Source(numbered(100)), config(), engine).size == 24


def mapped(samples: Samples, folder: Path) -> Samples:
    """The same samples in a file."""
    np.save(folder / "features.npy", samples.features)
    return Samples(np.load(folder / "features.npy", mmap_mode="r"), samples.labels)


def test_samples_in_a_file_come_in_windows_beyond_a_size_also_where_any_number_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, engine = Source(mapped(numbered(100), tmp_path)), numpy_engine(config(), 4, 3)
    assert engine.most_samples("train", source.row_bytes) == sys.maxsize
    assert len(Windows.of(source, config(), engine)) == 1
    monkeypatch.setattr(windows, "MAPPED_BYTES", 16 * 64)
    monkeypatch.setattr(windows, "WINDOW_BYTES", 16 * 32)
    assert Windows.of(source, config(), engine).size == 32


def trained(make_engine: Callable[..., Engine], dataset: Dataset, **changes: Any) -> TrainingResult:
    settings = config(**changes)
    return train(make_engine(settings.network(6, 3), settings), dataset, settings)


def test_training_in_windows_gives_the_same_bits_again_and_others_than_at_once(
    make_engine: MakeEngine,
) -> None:
    first, again, whole = (
        trained(make_engine, noise(), window=window, dropout=0.2) for window in (24, 24, 0)
    )
    assert first.parameters.tobytes() == again.parameters.tobytes()
    assert first.parameters.tobytes() != whole.parameters.tobytes()
    assert (first.window, whole.window, first.steps) == (24, None, whole.steps)


def test_samples_copied_ahead_change_no_bit(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = trained(make_engine, noise(300), window=40)
    monkeypatch.setattr(windows.Window, "copy_ahead", lambda *_: None)
    assert (
        ahead.parameters.tobytes()
        == trained(make_engine, noise(300), window=40).parameters.tobytes()
    )


def test_samples_in_a_file_give_the_bits_of_those_in_memory(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    dataset = noise()
    in_file = dataclasses.replace(dataset, train=mapped(dataset.train, tmp_path))
    for window in (0, 24):
        one, other = (trained(make_engine, data, window=window) for data in (dataset, in_file))
        assert one.parameters.tobytes() == other.parameters.tobytes()


def test_engines_agree_on_windows(make_engine: MakeEngine) -> None:
    mine = trained(make_engine, noise(), window=24, ensemble=2, optimizer="sgd")
    reference = trained(NumpyEngine, noise(), window=24, ensemble=2, optimizer="sgd")
    # Sums of 6 products in another order: some roundings of float32 a step, for 27 steps.
    np.testing.assert_allclose(mine.parameters, reference.parameters, rtol=1e-4, atol=1e-5)
    assert [one.train_loss for one in mine.history] == pytest.approx(
        [one.train_loss for one in reference.history], rel=1e-4
    )


def test_balanced_class_weights_are_those_of_all_samples(make_engine: MakeEngine) -> None:
    settings = config(class_weights="balanced", window=8)
    engine = make_engine(settings.network(6, 3), settings)
    dataset = noise()
    train(engine, dataset, settings)
    assert engine.class_weights is not None
    counts = np.bincount(split(dataset, settings).training.labels)
    assert engine.class_weights.tolist() == pytest.approx((70 / (3 * counts)).tolist())


def test_what_does_not_fit_is_evaluated_part_by_part(make_engine: MakeEngine) -> None:
    settings = config()
    engine = make_engine(settings.network(4, 3), settings)
    source = Source(numbered(100))
    engine.set_parameters(engine.initial_parameters())
    whole, answers = predict_in_parts(engine, "test", source)
    engine.most_samples = lambda *_: 40  # type: ignore[method-assign]
    assert len(parts_of(source, engine, "test")) == 3
    parted, parts = predict_in_parts(engine, "test", source)
    assert answers.tobytes() == parts.tobytes()
    assert parted.correct.tolist() == whole.correct.tolist()
    assert parted.seen.tolist() == [100]
    assert parted.loss.tolist() == pytest.approx(whole.loss.tolist(), rel=1e-6)  # other sums
    again = evaluate_in_parts(engine, "test", source)
    assert again.loss.tolist() == parted.loss.tolist()


def test_a_run_on_an_engine_that_is_too_small_validates_and_tests_on_all_samples() -> None:
    settings = config(validation=45)
    engine = numpy_engine(settings, 6, 3, SmallEngine)
    dataset = dataclasses.replace(noise(150), test=noise(90, seed=4).train)
    result = train(engine, dataset, settings)
    assert result.test.seen.tolist() == [90]
    assert result.test_outputs.shape == (1, 90, 3)
    whole = train(numpy_engine(settings, 6, 3), dataset, config(validation=45, window=40))
    assert result.window == 40
    assert result.parameters.tobytes() == whole.parameters.tobytes()
    assert result.history[-1].val_loss == pytest.approx(whole.history[-1].val_loss, rel=1e-6)


def test_what_goes_wrong_in_reading_ahead_is_told() -> None:
    source = Source(numbered(100))

    def broken(samples: Samples, above: int) -> Samples:
        raise DataError("the file is gone; fetch it again")

    with pytest.raises(DataError, match="the file is gone"):
        list(of_size(dataclasses.replace(source, prepare=broken), 40).of_epoch(1))


def test_a_file_that_becomes_shorter_in_training_is_told_and_does_not_end_the_process(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    file = tmp_path / "features.npy"
    dataset = dataclasses.replace(noise(), train=mapped(noise().train, tmp_path))
    settings = config(window=24)

    class Shortener(Callback):
        def on_epoch_end(self, record: EpochEnd) -> None:
            os.truncate(file, 200)

    with pytest.raises(DataError, match=f"{file} has become shorter"):
        train(
            make_engine(settings.network(6, 3), settings),
            dataset,
            settings,
            callbacks=[Shortener()],
        )


def test_a_sample_that_cannot_be_prepared_is_told_by_its_place_among_all() -> None:
    features = np.arange(400.0).reshape(100, 4)
    features[69, 2] = 1e200
    scaling = Scaling.of(np.linspace(0, 1e-160, 8).reshape(2, 4))
    source = Source(Samples(features, np.zeros(100, np.int32)), prepare=scaling.apply)
    engine = numpy_engine(config(), 4, 3, SmallEngine)
    with pytest.raises(DataError, match="feature 3 of sample 70"):
        evaluate_in_parts(engine, "test", source)


def test_metrics_of_two_stretches_add_up() -> None:
    def sums(*values: int) -> NDArray[np.int64]:
        return np.array(values, dtype=np.int64)

    one = Metrics(np.array([1.5, 2.0]), sums(3, 4), sums(10, 10), np.zeros(2))
    both = one + one + Metrics.none(2)
    assert both.loss.tolist() == [3.0, 4.0]
    assert (both.correct.tolist(), both.seen.tolist()) == ([6, 8], [20, 20])
