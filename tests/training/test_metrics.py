import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gpunet.training.metrics import (
    Confusion,
    class_scores,
    confused_pairs,
    confusion_matrix,
    cross_entropies,
    label_scores,
    predicted_classes,
    target_scores,
)

# True classes 0 0 0 1 1 2, predicted 0 0 1 1 1 0; nobody is taken for class 2.
PROBABILITIES = np.array(
    [
        [0.8, 0.1, 0.1],
        [0.6, 0.3, 0.1],
        [0.2, 0.7, 0.1],
        [0.1, 0.8, 0.1],
        [0.3, 0.4, 0.3],
        [0.9, 0.05, 0.05],
    ],
    dtype=np.float32,
)  # (6, 3)
LABELS = np.array([0, 0, 0, 1, 1, 2], dtype=np.int32)


def test_the_most_probable_class_is_predicted() -> None:
    assert predicted_classes(PROBABILITIES).tolist() == [0, 0, 1, 1, 1, 0]


def test_of_equally_probable_classes_the_first_is_predicted() -> None:
    assert predicted_classes(np.array([[0.2, 0.4, 0.4]], dtype=np.float32)).tolist() == [1]


def test_rows_of_the_confusion_matrix_are_true_classes_and_columns_predicted_ones() -> None:
    expected = [[2, 1, 0], [0, 2, 0], [1, 0, 0]]
    assert expected == confusion_matrix(PROBABILITIES, LABELS).tolist()


def test_the_confusion_matrix_of_no_samples_is_all_zero() -> None:
    matrix = confusion_matrix(np.empty((0, 3), np.float32), np.empty(0, np.int32))
    assert_array_equal(np.zeros((3, 3), np.int64), matrix)


def test_scores_agree_with_figures_computed_by_hand() -> None:
    scores = class_scores(confusion_matrix(PROBABILITIES, LABELS))
    assert_allclose([2 / 3, 2 / 3, np.nan], scores.precision)
    assert_allclose([2 / 3, 1.0, 0.0], scores.recall)
    assert_allclose([2 / 3, 4 / 5, 0.0], scores.f1)
    assert scores.support.tolist() == [3, 2, 1]


def test_a_class_without_samples_has_no_recall_but_a_precision() -> None:
    scores = class_scores(np.array([[3, 1], [0, 0]]))
    assert np.isnan(scores.recall[1])
    assert scores.precision[1] == 0.0
    assert scores.f1[1] == 0.0


def test_the_most_frequent_confusions_come_first_and_hits_are_none() -> None:
    matrix = np.array([[50, 2, 0], [7, 40, 1], [0, 0, 9]])
    assert [Confusion(1, 0, 7), Confusion(0, 1, 2)] == confused_pairs(matrix, 2)
    assert len(confused_pairs(matrix, 9)) == 3


def test_nothing_is_confused_where_all_is_right() -> None:
    assert confused_pairs(np.eye(3, dtype=np.int64), 5) == []


def test_the_loss_of_a_sample_is_the_surprise_at_its_label() -> None:
    assert_allclose(-np.log([0.8, 0.6, 0.2]), cross_entropies(PROBABILITIES[:3], LABELS[:3]), 1e-6)


def test_the_loss_is_finite_where_the_probability_is_zero_or_no_number() -> None:
    probabilities = np.array([[0, 1], [np.nan, np.nan]], dtype=np.float32)
    losses = cross_entropies(probabilities, np.zeros(2, np.int32))
    assert_allclose([87.34, 87.34], losses, atol=0.01)


def targets_and_predictions() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three targets in units of their own (50, 3), predictions of them, and weights (50,)."""
    draws = np.random.default_rng(1)
    targets = draws.normal((0, 1000, -3), (1, 300, 0.01), (50, 3))
    predictions = targets + draws.normal(0, (0.4, 500, 0.001), (50, 3))
    return targets, predictions, draws.uniform(0, 3, 50)


@pytest.mark.parametrize("weighted", [False, True])
def test_measured_targets_are_scored_as_scikit_learn_does(weighted: bool) -> None:
    judge = pytest.importorskip("sklearn.metrics")
    targets, predictions, draws = targets_and_predictions()
    weights = draws if weighted else None
    settings = {"sample_weight": weights, "multioutput": "raw_values"}
    scores = target_scores(targets, predictions, weights)
    assert_allclose(scores.r2, judge.r2_score(targets, predictions, **settings), 1e-12)
    rmse = judge.root_mean_squared_error(targets, predictions, **settings)
    assert_allclose(scores.rmse, rmse, 1e-12)
    assert_allclose(scores.mae, judge.mean_absolute_error(targets, predictions, **settings), 1e-12)


def test_a_constant_target_is_scored_as_scikit_learn_does() -> None:
    judge = pytest.importorskip("sklearn.metrics")
    targets = np.full((4, 2), 7.0)
    predictions = targets + np.array([[0, 1]])
    scores = target_scores(targets, predictions)
    expected = judge.r2_score(targets, predictions, multioutput="raw_values")
    assert scores.r2.tolist() == expected.tolist() == [1, 0]


def test_a_constant_target_has_no_spread_however_its_mean_is_rounded() -> None:
    targets, weights = np.full((67, 1), 0.1), np.random.default_rng(0).uniform(0.1, 2, 67)
    for own in (None, weights):
        assert target_scores(targets, targets + 1e-18, own).r2.tolist() == [1]
        assert target_scores(targets, targets + 1e-12, own).r2.tolist() == [0]


def test_a_single_sample_has_errors_but_no_r2() -> None:
    scores = target_scores(np.array([[3.0]]), np.array([[5.0]]))
    assert np.isnan(scores.r2).all()
    assert (scores.rmse.tolist(), scores.mae.tolist()) == ([2], [2])


def test_predictions_that_are_no_numbers_or_none_at_all_have_no_scores_and_warn_of_nothing() -> (
    None
):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bad = target_scores(np.array([[1.0], [2.0]]), np.array([[np.nan], [np.inf]]))
        none = target_scores(np.zeros((0, 2)), np.zeros((0, 2)))
    assert not np.isfinite([bad.r2, bad.rmse, bad.mae]).any()
    assert np.isnan([none.r2, none.rmse, none.mae]).all()


def test_labels_are_scored_as_scikit_learn_does() -> None:
    judge = pytest.importorskip("sklearn.metrics")
    draws = np.random.default_rng(0)
    labels = draws.integers(0, 2, (60, 4)).astype(np.float32)
    probabilities = draws.uniform(size=(60, 4)).astype(np.float32)
    scores = label_scores(probabilities, labels)
    expected = judge.precision_recall_fscore_support(labels, probabilities > 0.5)
    assert_allclose([scores.precision, scores.recall, scores.f1, scores.support], expected, 1e-12)


def test_a_label_that_is_never_there_nor_predicted_has_no_f1() -> None:
    scores = label_scores(np.array([[0.1, 0.9]], np.float32), np.array([[0, 1]], np.float32))
    assert np.isnan(scores.f1).tolist() == [True, False]
