"""The estimators among scikit-learn's own tools."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

import joblib
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import BaggingRegressor, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from gpunet import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
NAMES = load_iris().target_names[y]


def classifier(**settings: Any) -> MLPClassifier:
    return MLPClassifier(
        **{"hidden_layer_sizes": (8,), "learning_rate_init": 0.02, "random_state": 0, **settings}
    )


def pipeline(**settings: Any) -> Pipeline:
    return make_pipeline(StandardScaler(), classifier(**settings))


def test_a_pipeline_fits_and_predicts_texts() -> None:
    model = pipeline().fit(X, NAMES)
    assert model.score(X, NAMES) > 0.95
    assert model[-1].classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert set(model.predict(X)) == set(NAMES)


def test_a_frame_goes_through_a_column_transformer_and_out_as_a_frame() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"]).assign(
        kind=np.where(X[:, 0] > 5, "u", "v")
    )
    columns = ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["a", "b", "c", "d"]),
            ("words", OneHotEncoder(sparse_output=False), ["kind"]),
        ]
    ).set_output(transform="pandas")
    model = Pipeline([("columns", columns), ("network", classifier())]).fit(frame, NAMES)
    assert model.score(frame, NAMES) > 0.95
    assert model[-1].feature_names_in_.tolist() == columns.get_feature_names_out().tolist()


def test_a_grid_is_searched_by_two_processes_with_the_scores_of_one() -> None:
    grid = {"mlpclassifier__alpha": [1e-4, 1.0], "mlpclassifier__hidden_layer_sizes": [4, (8, 8)]}
    found = [
        GridSearchCV(pipeline(max_iter=30), grid, cv=3, n_jobs=jobs).fit(X, y) for jobs in (1, 2)
    ]
    alone, together = (one.cv_results_["mean_test_score"] for one in found)
    np.testing.assert_array_equal(together, alone)
    assert found[0].best_score_ > 0.8


def test_cross_validation_scores_classes_and_values() -> None:
    assert cross_val_score(pipeline(), X, y, cv=3).mean() > 0.9
    features, values = load_diabetes(return_X_y=True)
    network = MLPRegressor(hidden_layer_sizes=(8,), learning_rate_init=0.02, random_state=0)
    model = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), network), transformer=StandardScaler()
    )
    assert cross_val_score(model, features, values, cv=3).mean() > 0.3


def test_a_calibrated_and_a_voting_classifier_take_it() -> None:
    calibrated = CalibratedClassifierCV(pipeline(), cv=3).fit(X, y)
    voting = VotingClassifier(
        [("network", pipeline()), ("line", LogisticRegression(max_iter=1000))], voting="soft"
    ).fit(X, y)
    assert calibrated.score(X, y) > 0.9
    assert voting.score(X, y) > 0.9
    assert log_loss(y, pipeline().fit(X, y).predict_proba(X)) < 0.2


def test_a_bagging_and_a_multi_output_regressor_take_it() -> None:
    values = np.column_stack((X[:, 0] - X[:, 1], X[:, 2]))
    network = MLPRegressor(hidden_layer_sizes=(8,), learning_rate_init=0.02, random_state=0)
    assert (
        BaggingRegressor(network, 3, random_state=0).fit(X, values[:, 0]).score(X, values[:, 0])
        > 0.8
    )
    assert MultiOutputRegressor(network).fit(X, values).score(X, values) > 0.9


def test_a_clone_has_the_parameters_alone() -> None:
    fitted = classifier(alpha=0.1, dropout=0.2).fit(X, y)
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert not hasattr(copy, "coefs_")


def test_pickle_and_joblib_keep_what_was_learned_and_let_it_learn_on(tmp_path: Path) -> None:
    fitted = classifier(max_iter=5).fit(X, y)
    joblib.dump(fitted, tmp_path / "model.joblib")
    for read in (pickle.loads(pickle.dumps(fitted)), joblib.load(tmp_path / "model.joblib")):
        np.testing.assert_array_equal(read.predict_proba(X), fitted.predict_proba(X))
        one = clone(fitted).fit(X, y).partial_fit(X, y)
        np.testing.assert_array_equal(read.partial_fit(X, y).coefs_[0], one.coefs_[0])


def test_weights_and_validation_samples_are_routed() -> None:
    weights = np.where(y == 1, 3.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        network = classifier(max_iter=20).set_fit_request(sample_weight=True)
        network = network.set_score_request(sample_weight=True)
        scores = cross_validate(network, X, y, params={"sample_weight": weights}, cv=3)
        plain = cross_validate(classifier(max_iter=20), X, y, cv=3)
    assert scores["test_score"].tolist() != plain["test_score"].tolist()


def test_a_training_on_the_processor_opens_no_adapter(tmp_path: Path) -> None:
    code = (
        "import sys, numpy, gpunet; "
        "X = numpy.eye(4); "
        "gpunet.MLPClassifier(max_iter=2).fit(X, [0, 1, 0, 1]).predict(X); "
        "print('wgpu' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert ran.stdout.strip() == "False"


def test_scikit_learns_callbacks_follow_the_epochs_and_may_stop_them() -> None:
    callback = pytest.importorskip("sklearn.callback")

    class Watch:
        def __init__(self) -> None:
            self.told: list[str] = []
            self.scores: list[float] = []

        def setup(self, estimator: Any, context: Any) -> None:
            self.told.append("setup")

        def teardown(self, estimator: Any, context: Any) -> None:
            self.told.append("teardown")

        def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
            self.told.append(f"begin {context.task_name}")

        def on_fit_task_end(self, estimator: Any, context: Any, *, fitted_estimator: Any) -> bool:
            self.told.append(f"end {context.task_name}")
            self.scores.append(fitted_estimator.score(X, y))
            return bool(context.task_name == "epoch" and context.task_id == 2)

    watch = Watch()
    assert isinstance(watch, callback.FitCallback)
    fitted = classifier(max_iter=50).set_callbacks(watch).fit(X, y)
    epoch = ["begin epoch", "end epoch"]
    assert watch.told == ["setup", "begin fit", *(3 * epoch), "end fit", "teardown"]
    assert (fitted.n_iter_, watch.scores[-1]) == (3, fitted.score(X, y))


@pytest.mark.parametrize(
    ("ours", "targets"),
    [
        (classifier, np.array(["a", "b", "c"])[y]),
        (classifier, np.array(["a", "b"])[(y > 0).astype(int)]),
        (classifier, np.column_stack((y > 0, y > 1)).astype(int)),
        (MLPRegressor, X[:, 0]),
        (MLPRegressor, X[:, :2]),
    ],
)
def test_scikit_learns_callbacks_get_the_targets_that_users_give(ours: Any, targets: Any) -> None:
    pytest.importorskip("sklearn.callback")
    seen: list[Any] = []

    class Watch:
        def setup(self, estimator: Any, context: Any) -> None: ...

        def teardown(self, estimator: Any, context: Any) -> None: ...

        def on_fit_task_begin(self, estimator: Any, context: Any) -> None: ...

        def on_fit_task_end(self, estimator: Any, context: Any, *, y: Any) -> None:
            seen.append(y)

    ours(max_iter=1).set_callbacks(Watch()).fit(X, targets)
    assert seen[0].tolist() == targets.tolist()


def test_without_scikit_learn_the_class_says_what_to_install_and_all_else_works(
    tmp_path: Path,
) -> None:
    (tmp_path / "sklearn.py").write_text("raise ImportError('not here')")
    code = (
        "import gpunet\nfrom gpunet import *\n"
        "train('strokes:60+20', hidden=(4,), epochs=1, device='cpu', verbose=False)\n"
        "try: gpunet.MLPClassifier\nexcept gpunet.MissingExtraError as error: print(error)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert ran.stdout.startswith("an estimator needs scikit-learn, which is not installed")
    assert "pip install" in ran.stdout
