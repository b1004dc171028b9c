import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from gpunet.training.metrics import (
    Confusion,
    class_scores,
    confused_pairs,
    confusion_matrix,
    cross_entropies,
    predicted_classes,
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
