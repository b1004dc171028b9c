"""A recipe in the estimators: its settings, and what it does to features and targets."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_wine
from sklearn.model_selection import GridSearchCV

from gpunet import MLPClassifier, MLPRegressor
from gpunet.errors import SettingError, UsageError

SHORT: dict[str, Any] = {
    "recipe": "tabular",
    "random_state": 0,
    "hidden_layer_sizes": (16, 16),
    "max_iter": 60,
}


def test_a_recipe_gives_what_no_parameter_gives() -> None:
    estimator = MLPClassifier(recipe="tabular", learning_rate_init=0.01, batch_size=64)
    settings = estimator._settings()
    names = ("activation", "hidden", "scaling", "learning_rate", "beta2", "schedule", "keep")
    assert [settings[name] for name in names] == [
        *("selu", (256, 256, 256), "robust", 0.01, 0.95, "coslog4", "latest-best")
    ]
    assert MLPRegressor(recipe="tabular")._settings()["activation"] == "mish"
    assert MLPRegressor(recipe="tabular", activation="tanh")._settings()["activation"] == "tanh"


def test_a_classifier_with_a_recipe_takes_features_as_they_are() -> None:
    X, y = load_wine(return_X_y=True)  # noqa: N806 - as scikit-learn calls it
    fitted = MLPClassifier(**SHORT).fit(X, y)  # which are 0.1 to 1,680
    assert fitted.score(X, y) > 0.95
    assert len(fitted.validation_scores_) == 60  # a fifth is held out
    assert pickle.loads(pickle.dumps(fitted)).predict(X).tolist() == fitted.predict(X).tolist()
    assert clone(fitted).recipe == "tabular"


def test_a_regressor_with_a_recipe_answers_in_the_targets_own_unit() -> None:
    X, y = load_diabetes(return_X_y=True)  # noqa: N806
    fitted = MLPRegressor(**SHORT).fit(X, 1e6 + y)
    assert fitted.score(X, 1e6 + y) > 0.4
    assert abs(fitted.predict(X).mean() - 1e6 - y.mean()) < 20


@pytest.mark.filterwarnings("ignore:max_iter")
def test_a_recipe_can_be_searched_beside_none() -> None:
    X, y = load_wine(return_X_y=True)  # noqa: N806
    search = GridSearchCV(MLPClassifier(**SHORT), {"recipe": ["tabular", None]}, cv=2).fit(X, y)
    assert search.best_params_ == {"recipe": "tabular"}
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"solver": "lbfgs"}, "solver is 'lbfgs', wanted its default beside a recipe"),
        ({"warm_start": True}, "warm_start is True, wanted its default beside a recipe"),
    ],
)
def test_what_has_no_place_beside_a_recipe_is_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        MLPClassifier(**{**SHORT, **changes}).fit([[0.0], [1.0]] * 9, [0, 1] * 9)
    with pytest.raises(UsageError, match="there is no recipe 'tabula'; did you mean 'tabular'"):
        MLPClassifier(recipe="tabula").fit([[0.0], [1.0]] * 9, [0, 1] * 9)
    with pytest.raises(ValueError, match="a recipe is a whole training"):
        MLPClassifier(**SHORT).partial_fit([[0.0], [1.0]], [0, 1], classes=[0, 1])
