"""Measured targets and labels on their way through a training, and what samples count in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.engines import numpy_engine

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.engine.metrics import Metrics
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.errors import DataError, SettingError
from gpunet.training.events import Callback, Control, Progress
from gpunet.training.metrics import target_scores
from gpunet.training.result import TrainingResult
from gpunet.training.settings_for_data import settled
from gpunet.training.splits import split
from gpunet.training.trainer import train

CONFIG = TrainConfig(hidden=(8,), epochs=20, batch_size=16, learning_rate=0.02, seed=3)


def measured(targets: int = 1, *, count: int = 120, offset: float = 500.0) -> Dataset:
    """Sums of features, far from 0 and of another unit each."""
    draws = np.random.default_rng(7)
    features = draws.normal(size=(count, 4)).astype(np.float32)
    factors = np.arange(1, targets + 1)
    values = offset + 10.0**factors * (features[:, :1] + features[:, 1:2])  # (n, T)
    train, test = Samples(features[:80], values[:80]), Samples(features[80:], values[80:])
    names = tuple(f"target {one}" for one in factors)
    return Dataset("sums", train, test, (), None, "drawn here", targets=names, kind="measured")


def fitted(data: Dataset, config: TrainConfig = CONFIG) -> TrainingResult:
    config = settled(config, data)
    with numpy_engine(config, data.inputs, data.outputs) as engine:
        return train(engine, data, config)


def weighted(data: Dataset, weights: NDArray[Any]) -> Dataset:
    return replace(data, train=replace(data.train, weights=weights.astype(np.float32)))


@pytest.mark.parametrize("loss", [None, "huber"])
@pytest.mark.parametrize("targets", [1, 3])
def test_sums_are_learned_and_their_r2_is_told(loss: Any, targets: int) -> None:
    result = fitted(measured(targets), replace(CONFIG, loss=loss, epochs=60))
    last = result.history[-1]
    assert last.train_accuracy is last.val_accuracy is None
    assert last.train_r2 is not None
    assert last.val_r2 is not None
    assert last.train_r2 > 0.95
    assert last.val_score == last.val_r2 > 0.9


def test_the_r2_of_an_epoch_is_that_of_its_own_answers() -> None:
    data = replace(measured(), validation=measured().test)
    result = fitted(data)
    answers = result.target_scaling.to_targets(result.test_outputs[0])  # type: ignore[union-attr]
    truth = data.test.labels
    residual, total = ((answers - truth) ** 2).sum(), ((truth - truth.mean()) ** 2).sum()
    best = result.history[result.best_epoch - 1]
    assert best.val_r2 == pytest.approx(1 - residual / total, rel=1e-5)


@pytest.mark.parametrize("most", [None, 7], ids=["at once", "in parts"])
@pytest.mark.parametrize("scale_targets", [True, False])
def test_the_r2_of_several_targets_is_their_mean_in_the_validation_as_in_the_test(
    scale_targets: bool, most: int | None
) -> None:
    class Small(NumpyEngine):
        """An engine that holds few validation samples."""

        def most_samples(self, split: Any, row_bytes: int) -> int:
            held = super().most_samples(split, row_bytes)
            return most if most and split == "validation" else held

    data = measured(3)
    data = replace(data, validation=data.test)
    config = settled(replace(CONFIG, scale_targets=scale_targets, epochs=3), data)
    with numpy_engine([config], data.inputs, data.outputs, Small) as engine:
        result = train(engine, data, config)
    answers, scaling = result.test_outputs[0], result.target_scaling
    each = target_scores(
        data.test.labels, answers if scaling is None else scaling.to_targets(answers)
    )
    best = result.history[result.best_epoch - 1]
    assert best.val_r2 == pytest.approx(each.r2.mean(), rel=1e-4)


def test_measured_targets_are_standardized_by_those_trained_on() -> None:
    splits = split(measured(2), settled(CONFIG, measured(2)))
    own = splits.training[:].labels
    assert own.dtype == np.float32
    np.testing.assert_allclose(own.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(own.std(axis=0), 1, rtol=1e-5)
    assert splits.target_scaling is not None
    back = splits.target_scaling.to_targets(splits.test[:].labels)
    np.testing.assert_allclose(back, measured(2).test.labels, rtol=1e-6)


def test_measured_targets_stay_as_they_are_where_that_is_wanted() -> None:
    config = settled(replace(CONFIG, scale_targets=False), measured())
    splits = split(measured(), config)
    assert splits.target_scaling is None
    np.testing.assert_array_equal(splits.test[:].labels, measured().test.labels.astype(np.float32))


def test_a_target_that_never_changes_is_told_without_an_r2() -> None:
    data = measured()
    same = replace(data, train=replace(data.train, labels=np.full_like(data.train.labels, 5)))
    result = fitted(same, replace(CONFIG, epochs=2))
    assert str(result.history[-1].train_score) == "nan"
    assert result.test_outputs.shape == (1, 40, 1)


def test_a_target_that_never_changes_is_scaled_by_nothing_however_its_mean_is_rounded() -> None:
    data = measured(count=500)
    same = replace(data, train=replace(data.train, labels=np.full((80, 1), 0.1)))
    scaling = split(same, settled(CONFIG, same)).target_scaling
    assert scaling is not None
    assert (scaling.mean.tolist(), scaling.deviation.tolist()) == ([0.1], [1])


@pytest.mark.parametrize("value", [0.1, 1e6 / 3])
def test_a_target_that_never_changes_has_no_r2_whatever_samples_weigh(value: float) -> None:
    data = weighted(measured(), np.random.default_rng(0).uniform(0.1, 2, 80))
    same = replace(data, train=replace(data.train, labels=np.full((80, 1), value)))
    result = fitted(same, replace(CONFIG, epochs=1, scale_targets=False))
    assert str(result.history[0].train_r2) == "nan"


def test_the_r2_of_an_epoch_is_exact_where_targets_are_large_and_differ_by_little() -> None:
    draws = np.random.default_rng(1)
    labels = 1e6 + draws.normal(size=(20_000, 2))
    samples = Samples(draws.normal(size=(20_000, 1)).astype(np.float32), labels)
    data = Dataset("far", samples, samples[:0], (), None, "", targets=("a", "b"), kind="measured")
    config = replace(CONFIG, hidden=(), epochs=1, scale_targets=False, validation=0)
    record = fitted(data, config).history[0]
    spread = labels.astype(np.float32).var(axis=0, dtype=np.float64).sum()
    assert record.train_r2 == pytest.approx(1 - 2 * record.train_loss / spread, rel=1e-5)


def test_counts_keep_their_sign_and_are_divided_by_their_mean() -> None:
    data = measured(offset=0)
    counts = replace(data, train=replace(data.train, labels=np.round(np.abs(data.train.labels))))
    with pytest.raises(
        DataError, match=r"'target 1' of sample 1 is -.* wants counts of at least 0"
    ):
        fitted(counts, replace(CONFIG, loss="poisson"))
    counts = replace(counts, test=replace(data.test, labels=np.abs(data.test.labels)))
    result = fitted(counts, replace(CONFIG, loss="poisson"))
    scaling = result.target_scaling
    assert scaling is not None
    assert scaling.mean.tolist() == [0]
    assert (result.test_outputs > 0).all()
    assert result.history[-1].train_loss < result.history[0].train_loss


@pytest.mark.parametrize(
    ("loss", "says"),
    [
        ("cross-entropy", "is for classes, but 'sums' has measured targets"),
        ("binary-cross-entropy", "is for labels of 0 or 1, but 'sums' has measured targets"),
    ],
)
def test_a_loss_that_is_for_other_data_is_refused(loss: Any, says: str) -> None:
    with pytest.raises(SettingError, match=f"loss is {loss}, which {says}.*squared-error or huber"):
        settled(replace(CONFIG, loss=loss), measured())


def test_any_number_of_labels_is_learned_side_by_side() -> None:
    draws = np.random.default_rng(1)
    features = draws.normal(size=(300, 3)).astype(np.float32)
    labels = (features[:, :2] > 0).astype(np.float32)  # (n, 2), of which none, one or both are 1
    train, test = (Samples(features[:200], labels[:200]), Samples(features[200:], labels[200:]))
    data = Dataset("signs", train, test, (), None, "drawn here", targets=("a", "b"), kind="labels")
    result = fitted(data, replace(CONFIG, epochs=30))
    right = (result.test_outputs[0] > 0.5) == labels[200:]
    assert result.test.correct.tolist() == [right.all(axis=1).sum()]
    assert right.mean() > 0.9
    assert 0 <= result.test_outputs.min() < result.test_outputs.max() <= 1


def test_a_weight_of_two_counts_as_the_sample_twice() -> None:
    data = measured()
    config = replace(
        CONFIG,
        validation=0,
        standardize=False,
        scale_targets=False,
        batch_size=256,
        optimizer="sgd",
        learning_rate=1e-6,
    )
    weights = np.ones(80)
    weights[:5] = 2
    one = fitted(weighted(data, weights), config)
    twice = np.concatenate([np.arange(80), np.arange(5)])
    other = fitted(replace(data, train=data.train[twice]), config)
    np.testing.assert_allclose(one.parameters, other.parameters, rtol=1e-4, atol=1e-6)
    assert one.history[-1].train_loss == pytest.approx(other.history[-1].train_loss, rel=1e-4)
    assert one.history[-1].train_r2 == pytest.approx(other.history[-1].train_r2, rel=1e-4)


def test_only_the_weights_relative_to_each_other_matter() -> None:
    weights = np.random.default_rng(2).random(80) + 0.5
    one, other = (fitted(weighted(measured(), scale * weights)) for scale in (1, 1024))
    assert one.parameters.tobytes() == other.parameters.tobytes()


def test_weights_count_in_the_accuracy_as_well() -> None:
    draws = np.random.default_rng(4)
    features = draws.normal(size=(60, 2)).astype(np.float32)
    labels = (features[:, 0] > 0).astype(np.int32)
    weights = np.where(labels == 1, 3.0, 1.0)
    samples = Samples(features, labels, weights.astype(np.float32))
    data = Dataset("halves", samples, samples, ("no", "yes"), None, "drawn here")
    result = fitted(data, replace(CONFIG, epochs=3, validation=0))
    right = result.test_outputs[0].argmax(axis=1) == labels
    assert 0 < right.sum() < 60
    assert result.test.accuracy[0] == pytest.approx(np.average(right, weights=weights))


class StopAtOnce(Callback):
    """Stops a run after its first steps."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def on_progress(self, progress: Progress) -> None:
        self._control.stop_now.set()


def test_an_epoch_that_is_cut_short_has_the_weighted_means_of_its_samples() -> None:
    """The first batch weighs far more than the others."""
    data, control = measured(), Control()
    labels = (data.train.features[:, 0] > 0).astype(np.int32)
    train_samples = Samples(data.train.features, labels, np.geomspace(100, 0.01, 80, dtype="f4"))
    classes = Dataset("signs", train_samples, train_samples[:0], ("no", "yes"), None, "")
    config = settled(replace(CONFIG, shuffle=False, validation=0, epochs=1), classes)
    with numpy_engine(config, 4, 2) as engine:
        result = train(engine, classes, config, callbacks=[StopAtOnce(control)], control=control)
        engine.set_parameters(engine.initial_parameters())
        engine.load("test", split(classes, config).training[: CONFIG.batch_size])
        expected = engine.evaluate("test")
    record = result.history[0]
    assert result.steps == 1
    assert record.train_accuracy == expected.accuracy[0] <= 1
    assert record.train_loss == pytest.approx(expected.mean_loss[0])


@pytest.mark.parametrize("seed", range(8))
def test_all_samples_right_is_an_accuracy_of_1_whatever_they_weigh(seed: int) -> None:
    draws, right = np.random.default_rng(seed), np.array([33], np.int64)
    weights = draws.uniform(0, 2, 33).astype(np.float32)
    for total in (weights.sum(), weights.sum(dtype=np.float64)):
        metrics = Metrics(np.zeros(1), np.array([float(total)]), right, np.zeros(1), total[None])
        assert metrics.accuracy.tolist() == [1]


def test_samples_that_weigh_nothing_change_nothing() -> None:
    data = measured()
    config = replace(CONFIG, validation=0, standardize=False, scale_targets=False)
    weights = np.ones(80)
    weights[10:20] = 0
    strange = data.train.labels.copy()
    strange[10:20] = 1e6
    other = replace(data, train=replace(data.train, labels=strange))
    one, two = (fitted(weighted(given, weights), config) for given in (data, other))
    assert one.parameters.tobytes() == two.parameters.tobytes()


def test_a_part_in_which_nothing_counts_is_refused() -> None:
    weights = np.ones(80)
    weights[-13:] = 0
    with pytest.raises(DataError, match=r"all .* samples of a part of 'sums' have weight 0"):
        split(weighted(measured(), weights), settled(replace(CONFIG, validation=13), measured()))
    with pytest.raises(DataError, match="the weight in row 1 of the training samples of 'sums' is"):
        weighted(measured(), -np.ones(80))
    with pytest.raises(DataError, match="all weights of the training samples of 'sums' are 0"):
        weighted(measured(), np.zeros(80))


def test_measured_targets_in_their_order_are_held_out_from_every_tenth_of_them() -> None:
    data = measured()
    ascending = data.train[np.argsort(data.train.labels[:, 0])]
    splits = split(replace(data, train=ascending), settled(replace(CONFIG, validation=20), data))
    held = splits.validation.labels[:, 0]
    tenths = np.searchsorted(
        np.quantile(splits.training.labels[:, 0], np.arange(0.1, 1, 0.1)), held
    )
    assert len(np.unique(tenths)) >= 9
