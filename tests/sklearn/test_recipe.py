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
from gpunet.sklearn.tasks import task_of

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
    assert MLPRegressor(recipe="dropout", momentum=0.5)._settings()["momentum"] == 0.5
    assert MLPRegressor(recipe="tabular", n_iter_no_change=3)._settings()["patience"] == 4


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


def test_early_stopping_stops_with_a_recipe_that_has_no_patience() -> None:
    X, y = load_wine(return_X_y=True)  # noqa: N806
    fitted = MLPClassifier(**{**SHORT, "early_stopping": True, "n_iter_no_change": 3}).fit(X, y)
    assert fitted.n_iter_ < 60


def test_a_recipes_l2_penalty_counts_where_alpha_is_not_given() -> None:
    X, y = load_wine(return_X_y=True)  # noqa: N806
    assert task_of(MLPClassifier(recipe="simard"), X, y).config.l2 == 5e-5
    given = task_of(MLPClassifier(recipe="simard", alpha=0.64, batch_size=64), X, y).config.l2
    assert given == pytest.approx(0.01)


@pytest.mark.filterwarnings("ignore:lbfgs")
def test_no_scaling_of_a_recipe_stays_with_an_estimator_that_is_fitted_without() -> None:
    X, y = load_wine(return_X_y=True)  # noqa: N806
    plain: dict[str, Any] = {"recipe": None, "solver": "lbfgs", "max_iter": 20}
    again = MLPClassifier(**SHORT).fit(X, y).set_params(**plain).fit(X, y)
    anew = MLPClassifier(**{**SHORT, **plain}).fit(X, y)
    assert again.predict_proba(X).tolist() == anew.predict_proba(X).tolist()


def test_what_callbacks_see_of_a_recipe_answers_for_features_as_they_are() -> None:
    pytest.importorskip("sklearn.callback")
    X, y = load_wine(return_X_y=True)  # noqa: N806
    scores: list[float] = []

    class Watch:
        def setup(self, estimator: Any, context: Any) -> None: ...

        def teardown(self, estimator: Any, context: Any) -> None: ...

        def on_fit_task_begin(self, estimator: Any, context: Any) -> None: ...

        def on_fit_task_end(self, estimator: Any, context: Any, *, fitted_estimator: Any) -> None:
            scores.append(fitted_estimator.score(X, y))

    MLPClassifier(**SHORT).set_callbacks(Watch()).fit(X, y)
    assert scores[-1] > 0.9


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
    with pytest.raises(UsageError, match=r"there is no recipe 'tabula'.*did you mean 'tabular'"):
        MLPClassifier(recipe="tabula").fit([[0.0], [1.0]] * 9, [0, 1] * 9)
    with pytest.raises(ValueError, match="a recipe is a whole training"):
        MLPClassifier(**SHORT).partial_fit([[0.0], [1.0]], [0, 1], classes=[0, 1])
