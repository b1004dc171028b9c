from __future__ import annotations

import numpy as np
import pytest

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.engine.class_weights import class_weights
from gpunet.errors import UsageError

LABELS = np.array([0, 0, 0, 1], dtype=np.int32)


def test_by_default_all_samples_count_alike() -> None:
    assert class_weights("none", LABELS, NetworkSpec(4, (), 2)) is None


def test_balanced_weights_let_every_class_count_alike_and_keep_the_mean_at_one() -> None:
    weights = class_weights("balanced", LABELS, NetworkSpec(4, (), 2))
    assert weights is not None
    np.testing.assert_allclose(weights, [2 / 3, 2])
    assert pytest.approx(1) == weights[LABELS].mean()


def test_a_class_without_samples_weighs_nothing() -> None:
    weights = class_weights("balanced", LABELS, NetworkSpec(4, (), 3))
    assert weights is not None
    assert weights[2] == 0


def test_weights_may_be_given() -> None:
    weights = class_weights((1, 2.5), LABELS, NetworkSpec(4, (), 2))
    assert weights is not None
    assert weights.tolist() == [1, 2.5]


def test_another_number_of_weights_than_classes_is_refused() -> None:
    with pytest.raises(UsageError, match="names 2 weights for 3 classes"):
        class_weights((1, 2), LABELS, NetworkSpec(4, (), 3))


@pytest.mark.parametrize("text", ["1,x", "1,-2", "1,inf", "heavy", "", "1,,2"])
def test_what_is_no_weight_is_refused_at_the_door(text: str) -> None:
    with pytest.raises(UsageError, match="class_weights"):
        TrainConfig(class_weights=text)
