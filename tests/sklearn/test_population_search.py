"""``PopulationSearchCV`` finds what scikit-learn's searches find, its networks side by side."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from joblib import parallel_config, register_parallel_backend
from joblib.parallel import SequentialBackend
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, ShuffleSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import gpunet
from gpunet.engine.factory import create_engine, list_adapters
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.sklearn import together

IRIS = load_iris(return_X_y=True)

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite"),
]


def network(**changes: Any) -> gpunet.MLPClassifier:
    given = {"max_iter": 8, "random_state": 0, "device": "cpu", "batch_size": 10, **changes}
    return gpunet.MLPClassifier((6,), **given)


GRID = {
    "hidden_layer_sizes": [(6,), (3, 4)],
    "learning_rate_init": [0.01, 0.1],
    "solver": ["adam", "sgd"],
}


def numbers(results: dict[str, Any]) -> dict[str, Any]:
    """What the results of a search say, the times left out."""
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in results.items()
        if "_time" not in name
    }


def weights(estimator: Any) -> list[bytes]:
    last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    return [one.tobytes() for one in (*last.coefs_, *last.intercepts_)]


@pytest.fixture
def populations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many networks each engine was made for."""
    sizes: list[int] = []
    made = create_engine

    def create(choice: Any, spec: Any, configs: Any, tiles: Any) -> Any:
        sizes.append(len(configs))
        return made(choice, spec, configs, tiles)

    monkeypatch.setattr(together, "create_engine", create)
    return sizes


@pytest.mark.parametrize(
    "estimator",
    [
        network(),
        network(early_stopping=True, n_iter_no_change=2, validation_fraction=0.2),
        network(class_weight="balanced", activation="tanh", dropout=0.1),
    ],
    ids=["plain", "early stopping", "class weights"],
)
def test_a_grid_has_the_results_of_grid_search_to_the_bit(
    estimator: Any, populations: list[int]
) -> None:
    ours = gpunet.PopulationSearchCV(estimator, GRID, cv=4, return_train_score=True).fit(*IRIS)
    assert populations == [8] * 4
    theirs = GridSearchCV(estimator, GRID, cv=4, return_train_score=True).fit(*IRIS)
    assert numbers(ours.cv_results_) == numbers(theirs.cv_results_)
    assert list(ours.cv_results_) == list(theirs.cv_results_)
    assert ours.best_params_ == theirs.best_params_
    assert ours.best_score_ == theirs.best_score_
    assert ours.best_index_ == theirs.best_index_
    assert ours.n_splits_ == 4
    assert ours.multimetric_ is False
    assert weights(ours.best_estimator_) == weights(theirs.best_estimator_)
    assert ours.predict(IRIS[0]).tolist() == theirs.predict(IRIS[0]).tolist()
    assert ours.predict_proba(IRIS[0]).tolist() == theirs.predict_proba(IRIS[0]).tolist()
    assert ours.score(*IRIS) == theirs.score(*IRIS)
    assert ours.classes_.tolist() == [0, 1, 2]
    assert ours.n_features_in_ == 4
    assert (ours.cv_results_["mean_fit_time"] > 0).all()


@pytest.mark.skipif(not any(one.usable for one in list_adapters()), reason="no adapter here")
def test_an_adapter_gives_each_network_the_bits_that_it_has_alone(populations: list[int]) -> None:
    grid = {"alpha": [1e-4, 0.1]}
    given: dict[str, Any] = {"cv": 3, "scoring": "neg_log_loss", "refit": False}
    estimator = network(device="gpu", max_iter=3, batch_size=20)
    ours = gpunet.PopulationSearchCV(estimator, grid, **given).fit(*IRIS)
    assert populations == [6]
    theirs = GridSearchCV(estimator, grid, **given).fit(*IRIS)
    assert numbers(ours.cv_results_) == numbers(theirs.cv_results_)


def test_drawn_candidates_are_those_of_randomized_search() -> None:
    space = {"alpha": loguniform(1e-6, 1e-1), "learning_rate_init": [0.01, 0.03, 0.1]}
    given: dict[str, Any] = {"n_iter": 5, "random_state": 3, "cv": 3}
    ours = gpunet.PopulationSearchCV(network(), param_distributions=space, **given).fit(*IRIS)
    theirs = RandomizedSearchCV(network(), space, **given).fit(*IRIS)
    assert numbers(ours.cv_results_) == numbers(theirs.cv_results_)


def test_the_other_steps_of_a_pipeline_are_fitted_for_each_fold_and_candidate(
    populations: list[int],
) -> None:
    pipeline = Pipeline([("scaler", StandardScaler()), ("network", network())])
    grid = {"scaler__with_mean": [True, False], "network__alpha": [1e-4, 1.0]}
    ours = gpunet.PopulationSearchCV(pipeline, grid, cv=3).fit(*IRIS)
    assert populations == [12]
    theirs = GridSearchCV(pipeline, grid, cv=3).fit(*IRIS)
    assert numbers(ours.cv_results_) == numbers(theirs.cv_results_)
    assert weights(ours.best_estimator_) == weights(theirs.best_estimator_)
    assert ours.best_estimator_["scaler"].mean_ is not None


def test_several_scores_and_a_refit_by_one_of_them() -> None:
    given: dict[str, Any] = {"scoring": ["accuracy", "neg_log_loss"], "refit": "neg_log_loss"}
    ours = gpunet.PopulationSearchCV(network(), GRID, cv=3, **given).fit(*IRIS)
    theirs = GridSearchCV(network(), GRID, cv=3, **given).fit(*IRIS)
    assert ours.multimetric_ is True
    assert numbers(ours.cv_results_) == numbers(theirs.cv_results_)
    assert ours.best_score_ == theirs.best_score_
    assert ours.score(*IRIS) == theirs.score(*IRIS)


def test_a_callable_chooses_the_candidate_and_a_callable_scores() -> None:
    def scored(estimator: Any, X: Any, y: Any) -> float:  # noqa: N803
        assert isinstance(estimator, gpunet.MLPClassifier)
        return float(estimator.loss_)

    given: dict[str, Any] = {"scoring": scored, "refit": lambda results: 2}
    ours = gpunet.PopulationSearchCV(network(), GRID, cv=3, **given).fit(*IRIS)
    theirs = GridSearchCV(network(), GRID, cv=3, **given).fit(*IRIS)
    assert numbers(ours.cv_results_) == numbers(theirs.cv_results_)
    assert ours.best_params_ == theirs.best_params_


def test_without_a_refit_there_is_no_estimator_to_ask() -> None:
    ours = gpunet.PopulationSearchCV(network(), GRID, cv=3, refit=False).fit(*IRIS)
    assert not hasattr(ours, "best_estimator_")
    assert not hasattr(ours, "predict")
    assert ours.best_params_ in ours.cv_results_["params"]


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_a_regressor_with_weights_and_random_folds_of_unequal_size(loss: str) -> None:
    random = np.random.default_rng(1)
    X = random.normal(size=(90, 3))  # noqa: N806
    y = np.exp(X[:, 0] / 2) + random.random(90)
    regressor = gpunet.MLPRegressor(
        loss, (5,), max_iter=6, random_state=1, device="cpu", batch_size=8
    )
    cv = ShuffleSplit(3, test_size=0.31, random_state=2)
    given: dict[str, Any] = {"cv": cv, "scoring": "r2"}
    weight = random.random(90)
    grid = {"alpha": [0.0, 0.1], "learning_rate_init": [0.003, 0.03]}
    ours = gpunet.PopulationSearchCV(regressor, grid, **given).fit(X, y, sample_weight=weight)
    theirs = GridSearchCV(regressor, grid, **given).fit(X, y, sample_weight=weight)
    assert numbers(ours.cv_results_) == numbers(theirs.cv_results_)


def test_a_fit_that_fails_gets_the_error_score_and_the_others_their_own() -> None:
    grid = {"alpha": [-1.0, 1e-4]}
    search = gpunet.PopulationSearchCV(network(), grid, cv=3, error_score=-7.0)
    with pytest.warns(FitFailedWarning, match="3 fits failed out of a total of 6"):
        search.fit(*IRIS)
    assert search.cv_results_["mean_test_score"][0] == -7
    assert search.cv_results_["mean_test_score"][1] > 0
    search.set_params(error_score="raise")
    with pytest.raises(ValueError, match="alpha"):
        search.fit(*IRIS)


def test_a_network_that_diverges_fails_as_alone() -> None:
    X, y = IRIS  # noqa: N806
    grid = {"learning_rate_init": [1e30, 0.01]}
    search = gpunet.PopulationSearchCV(network(solver="sgd"), grid, cv=3)
    with pytest.warns(FitFailedWarning, match="the training has diverged"):
        search.fit(1e4 * X, y)
    assert np.isnan(search.cv_results_["mean_test_score"][0])


@pytest.mark.parametrize(
    "estimator",
    [
        network(solver="lbfgs"),
        network(ensemble=2),
        network(recipe="tabular"),
        LogisticRegression(),
    ],
)
def test_what_no_population_can_serve_is_fitted_one_by_one_and_said(
    estimator: Any, populations: list[int]
) -> None:
    search = gpunet.PopulationSearchCV(estimator, {}, cv=3)
    with pytest.warns(UserWarning, match=r"3 of 3 fits were done one by one.* a recipe, an"):
        search.fit(*IRIS)
    assert populations == []
    assert search.best_score_ > 0.3


def test_a_population_that_the_device_does_not_hold_is_trained_in_parts(
    populations: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = gpunet.PopulationSearchCV(network(), GRID, cv=3).fit(*IRIS)
    populations.clear()
    monkeypatch.setattr(together, "largest_population", lambda *_: 2)
    parts = gpunet.PopulationSearchCV(network(), GRID, cv=3).fit(*IRIS)
    assert set(populations) == {2}
    assert numbers(parts.cv_results_) == numbers(whole.cv_results_)


def test_an_interrupted_search_leaves_what_there_was_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    search = gpunet.PopulationSearchCV(network(), {"alpha": [1e-4]}, cv=3).fit(*IRIS)
    before = dict(vars(search))

    def interrupted(engine: NumpyEngine, steps: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(NumpyEngine, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        search.fit(*IRIS)
    assert vars(search) == before


def test_a_search_is_cloned_and_pickled() -> None:
    search = gpunet.PopulationSearchCV(network(), GRID, cv=3)
    assert clone(search).get_params()["estimator__max_iter"] == 8
    fitted = search.fit(*IRIS)
    again = pickle.loads(pickle.dumps(fitted))
    assert again.predict(IRIS[0]).tolist() == fitted.predict(IRIS[0]).tolist()
    assert again.score(*IRIS) == fitted.score(*IRIS)


def test_one_of_a_grid_and_distributions_is_wanted() -> None:
    with pytest.raises(ValueError, match="but neither is given"):
        gpunet.PopulationSearchCV(network()).fit(*IRIS)
    search = gpunet.PopulationSearchCV(network(), GRID, param_distributions=GRID)
    with pytest.raises(ValueError, match="but both is given"):
        search.fit(*IRIS)


def test_networks_that_have_not_converged_are_counted_in_one_warning() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gpunet.PopulationSearchCV(network(), {}, cv=3, refit=False).fit(*IRIS)
    told = [str(one.message) for one in caught if one.category is ConvergenceWarning]
    assert len(told) == 1
    assert told[0].startswith("3 of 3 networks have done max_iter epochs")


def test_processes_that_share_the_candidates_find_what_one_finds() -> None:
    candidates = {**GRID, "alpha": [1e-4, 1e-2, 1.0]}  # 24, dealt to 5 processes unevenly
    searches = [
        gpunet.PopulationSearchCV(network(max_iter=3), candidates, cv=3, n_jobs=jobs).fit(*IRIS)
        for jobs in (None, 5)
    ]
    alone, shared = (numbers(one.cv_results_) for one in searches)
    assert shared == alone
    assert weights(searches[1].best_estimator_) == weights(searches[0].best_estimator_)


def test_a_network_in_a_step_before_is_fitted_at_once(populations: list[int]) -> None:
    chosen = SelectFromModel(network(), importance_getter=lambda one: abs(one.coefs_[0]).sum(1))
    pipeline = make_pipeline(chosen, network())
    grid = {"mlpclassifier__alpha": [1e-4, 1.0]}
    search = gpunet.PopulationSearchCV(pipeline, grid, cv=3, refit=False, error_score="raise")
    theirs = GridSearchCV(pipeline, grid, cv=3, refit=False).fit(*IRIS)
    populations.clear()
    assert numbers(search.fit(*IRIS).cv_results_) == numbers(theirs.cv_results_)
    assert sum(populations) == 6


class Elsewhere(SequentialBackend):  # type: ignore[misc]
    """A backend that never works in this process, whatever ``n_jobs`` says, as Dask's."""

    def effective_n_jobs(self, n_jobs: int) -> int:
        raise AssertionError("a search came to the backend that it was started on")


def test_a_search_under_another_backend_scores_in_this_process() -> None:
    register_parallel_backend("elsewhere", Elsewhere)
    here = gpunet.PopulationSearchCV(network(), GRID, cv=3, refit=False).fit(*IRIS)
    validated = gpunet.cross_validate(network(), *IRIS, cv=3)
    with parallel_config("elsewhere"):
        there = gpunet.PopulationSearchCV(network(), GRID, cv=3, refit=False).fit(*IRIS)
        again = gpunet.cross_validate(network(), *IRIS, cv=3)
    assert numbers(there.cv_results_) == numbers(here.cv_results_)
    assert again["test_score"].tolist() == validated["test_score"].tolist()
