"""What the estimators do beyond what scikit-learn's own tests ask for."""

from __future__ import annotations

import signal
import warnings
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from scipy import sparse
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from tests.engines import numpy_engine

from gpunet import MLPClassifier, MLPRegressor
from gpunet.errors import SettingError
from gpunet.sklearn import features
from gpunet.sklearn.lbfgs import Objective
from gpunet.sklearn.tasks import task_of
from gpunet.training.splits import split

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
BINARY = y > 0
VALUES = X[:, 0] - X[:, 1] * X[:, 2]
COUNTS = np.random.default_rng(0).poisson(np.exp(X[:, 0]))
LABELS = np.column_stack((y > 0, y > 1, X[:, 0] > 0)).astype(int)


def classifier(**settings: Any) -> MLPClassifier:
    return MLPClassifier(**{"hidden_layer_sizes": (8,), "random_state": 0, **settings})


def regressor(**settings: Any) -> MLPRegressor:
    return MLPRegressor(**{"hidden_layer_sizes": (8,), "random_state": 0, **settings})


CASES: list[tuple[type, type, Any, dict[str, Any]]] = [
    (TheirClassifier, MLPClassifier, y, {}),
    (TheirClassifier, MLPClassifier, y, {"solver": "sgd", "nesterovs_momentum": False}),
    (
        TheirClassifier,
        MLPClassifier,
        y,
        {"solver": "sgd", "learning_rate": "invscaling", "momentum": 0},
    ),
    (TheirClassifier, MLPClassifier, BINARY, {"activation": "logistic", "alpha": 3.0}),
    (TheirClassifier, MLPClassifier, LABELS, {"activation": "tanh"}),
    (TheirRegressor, MLPRegressor, VALUES, {"solver": "sgd"}),
    (TheirRegressor, MLPRegressor, VALUES, {"batch_size": 30}),
    (TheirRegressor, MLPRegressor, np.column_stack((VALUES, X[:, 0])), {"alpha": 1.0}),
    (TheirRegressor, MLPRegressor, COUNTS, {"loss": "poisson"}),
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("theirs", "ours", "targets", "settings"), CASES)
def test_from_the_same_weights_ten_epochs_give_what_scikit_learn_gives(
    theirs: Any, ours: Any, targets: Any, settings: dict[str, Any], weighted: bool
) -> None:
    if weighted and "batch_size" in settings:
        pytest.skip("scikit-learn divides by the weights of a batch, we by their mean over all")
    # It adds epsilon to a root that is not corrected yet, so that it has to be negligible here.
    settings = {"epsilon": 1e-30, "alpha": 1e-4, "random_state": 3, **settings}
    standing = {"max_iter": 1, "learning_rate_init": 1e-30}
    start = ours(hidden_layer_sizes=(5, 4), **settings, **standing).fit(X, targets)
    found = []
    for kind in (theirs, ours):
        estimator = kind(hidden_layer_sizes=(5, 4), shuffle=False, warm_start=True, **settings)
        estimator.set_params(**standing).fit(X, targets)
        estimator.coefs_ = [one.copy() for one in start.coefs_]
        estimator.intercepts_ = [one.copy() for one in start.intercepts_]
        estimator.t_, estimator.loss_curve_, estimator._optimizer = 0, [], None
        estimator.set_params(max_iter=10, learning_rate_init=0.05)
        found.append(
            estimator.fit(
                X, targets, sample_weight=np.linspace(0.5, 1.5, 150) if weighted else None
            )
        )
    one, other = found
    for mine, their in zip(other.coefs_, one.coefs_, strict=True):
        np.testing.assert_allclose(mine, their, atol=2e-4)  # float32 beside float64
    # Theirs counts the penalty, ours the samples alone.
    batch = settings.get("batch_size", 150)
    penalty = settings["alpha"] / 2 / batch * sum((one**2).sum() for one in start.coefs_)
    np.testing.assert_allclose(other.loss_curve_[0] + penalty, one.loss_curve_[0], rtol=1e-5)
    np.testing.assert_allclose(other.predict(X), one.predict(X), atol=1e-3)


@pytest.mark.parametrize("activation", ["relu", "tanh", ("gelu", "tanh")])
@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize(
    ("ours", "targets", "more"),
    [
        (MLPClassifier, y, {"label_smoothing": 0.1}),
        (MLPClassifier, LABELS, {}),
        (MLPRegressor, np.column_stack((VALUES, X[:, 0])), {}),
        (MLPRegressor, COUNTS, {"loss": "poisson"}),
    ],
)
def test_the_gradient_of_lbfgs_is_that_of_finite_differences(
    ours: Any, targets: Any, more: dict[str, Any], activation: Any, layer_norm: bool
) -> None:
    settings = {"activation": activation, "layer_norm": layer_norm, "alpha": 0.5, **more}
    estimator = ours(hidden_layer_sizes=(3, 2), random_state=0, **settings)
    task = task_of(estimator, X, targets, np.linspace(0.5, 1.5, 150))
    engine = numpy_engine(task.config, 4, task.dataset.outputs)
    start = np.random.default_rng(1).normal(size=engine.network.parameter_count)
    objective = Objective(engine, split(task.dataset, task.config).training[:], start)
    _, gradient = objective(start)
    gradient = gradient.copy()
    step = 1e-6
    for index in range(len(start)):
        ahead, behind = start.copy(), start.copy()
        ahead[index] += step
        behind[index] -= step
        slope = (objective(ahead)[0] - objective(behind)[0]) / (2 * step)
        assert gradient[index] == pytest.approx(slope, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dropout": 0.1}, "dropout is 0.1, wanted 0 with the solver lbfgs"),
        ({"device": "gpu"}, "device is 'gpu', wanted cpu with the solver lbfgs"),
    ],
)
def test_lbfgs_refuses_what_it_cannot_do(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        classifier(solver="lbfgs", **settings).fit(X, y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"solver": "adm"}, "solver is 'adm', wanted one of adam.*did you mean 'adam'"),
        ({"hidden_layer_sizes": (0,)}, "hidden_layer_sizes is 0, wanted from 1"),
        ({"alpha": -1}, "alpha is -1"),
        ({"learning_rate_init": 0}, "learning_rate_init is 0, wanted a number above 0"),
        ({"learning_rate_init": None}, "learning_rate_init is None, wanted a number"),
        ({"max_iter": 0}, "max_iter is 0"),
        ({"max_iter": None}, "max_iter is None, wanted a whole number"),
        ({"beta_2": None}, "beta_2 is None, wanted a number"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"beta_1": 1.0}, "beta_1 is 1"),
        ({"activation": "rely"}, "activation is 'rely'"),
        ({"early_stopping": "yes"}, "early_stopping is 'yes', wanted true or false"),
        ({"n_iter_no_change": 0}, "n_iter_no_change is 0"),
        ({"dropout": 1.0}, "dropout is 1"),
        ({"random_state": "x"}, "'x' cannot be used to seed"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_by_its_own_name(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        classifier(**settings).fit(X, y)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("settings", [{"solver": "adam"}, {"solver": "sgd"}, {"dropout": 0.3}])
def test_ten_calls_of_partial_fit_are_one_fit_of_ten_epochs_bit_for_bit(
    settings: dict[str, Any], momentum: float
) -> None:
    settings = {"momentum": momentum, "batch_size": 40, **settings}
    whole = classifier(max_iter=10, **settings).fit(X, y)
    parts = classifier(**settings)
    for _ in range(10):
        parts.partial_fit(X, y, classes=[0, 1, 2])
    for one, other in zip(parts.coefs_, whole.coefs_, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (parts.t_, parts.loss_curve_) == (whole.t_, whole.loss_curve_)


def test_early_stopping_keeps_the_weights_of_the_best_epoch() -> None:
    settings = {"early_stopping": True, "learning_rate_init": 0.05, "n_iter_no_change": 3}
    fitted = classifier(**settings, validation_fraction=0.4).fit(X, y)
    best = int(np.argmax(fitted.validation_scores_)) + 1
    again = classifier(**settings, validation_fraction=0.4, max_iter=best).fit(X, y)
    np.testing.assert_array_equal(fitted.coefs_[0], again.coefs_[0])
    assert (best < fitted.n_iter_, fitted.best_loss_) == (True, None)
    assert fitted.best_validation_score_ == max(fitted.validation_scores_)


def test_validation_samples_may_be_given_and_are_scored_every_epoch() -> None:
    fitted = classifier(max_iter=7).fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    assert (len(fitted.validation_loss_curve_), len(fitted.validation_scores_)) == (7, 7)
    assert fitted.validation_scores_[-1] == fitted.score(X[1::2], y[1::2])
    plain = classifier(max_iter=7).fit(X[::2], y[::2])
    np.testing.assert_array_equal(fitted.coefs_[0], plain.coefs_[0])
    assert plain.validation_loss_curve_ is None


@pytest.mark.parametrize("weight", ["balanced", {0: 1.0, 1: 2.0, 2: 5.0}])
def test_weights_of_classes_are_weights_of_their_samples(weight: Any) -> None:
    rows = np.r_[:50, 50:60, 100:150]
    features, classes = X[rows], y[rows]
    shares = 110 / (3 * np.bincount(classes)) if weight == "balanced" else np.array([1.0, 2, 5])
    by_class = classifier(class_weight=weight, max_iter=5).fit(features, classes)
    by_sample = classifier(max_iter=5).fit(features, classes, sample_weight=shares[classes])
    np.testing.assert_allclose(by_class.coefs_[0], by_sample.coefs_[0], atol=1e-6)


def test_an_ensemble_answers_with_the_mean_of_its_networks() -> None:
    fitted = classifier(ensemble=3, max_iter=20).fit(X, y)
    assert [one.shape for one in fitted.coefs_] == [(3, 4, 8), (3, 8, 3)]
    each = [classifier(random_state=seed, max_iter=20).fit(X, y) for seed in range(3)]
    np.testing.assert_array_equal(fitted.coefs_[0][2], each[2].coefs_[0])
    mean = np.mean([one.predict_proba(X) for one in each], axis=0)
    np.testing.assert_allclose(fitted.predict_proba(X), mean, atol=1e-6)
    fitted.partial_fit(X, y)
    assert fitted.coefs_[0].shape == (3, 4, 8)


@pytest.mark.parametrize(
    ("ours", "targets"), [(MLPClassifier, y), (MLPClassifier, BINARY), (MLPRegressor, VALUES)]
)
def test_the_answer_for_a_row_does_not_depend_on_those_beside_it(ours: Any, targets: Any) -> None:
    fitted = ours(random_state=0, max_iter=5, hidden_layer_sizes=(33, 17)).fit(X, targets)
    ask = fitted.predict_proba if ours is MLPClassifier else fitted.predict
    whole = ask(X)
    for rows in (slice(0, 1), slice(3, 7), slice(20, 85), slice(149, 150)):
        np.testing.assert_array_equal(ask(X[rows]), whole[rows])


def test_weights_may_be_read_and_set() -> None:
    fitted = regressor(max_iter=1).fit(X, VALUES)
    for weights in (*fitted.coefs_, *fitted.intercepts_):
        weights[...] = 0
    fitted.intercepts_[-1][...] = 2.5
    assert fitted.predict(X[:3]).tolist() == [2.5] * 3


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_array])
def test_sparse_features_are_made_dense_block_by_block(
    form: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "BLOCK_BYTES", 16 * 7)  # seven rows
    plain = np.where(X > 0, X, 0)
    dense = classifier(max_iter=5).fit(plain, y)
    thin = classifier(max_iter=5).fit(form(plain), y)
    np.testing.assert_array_equal(thin.coefs_[0], dense.coefs_[0])
    np.testing.assert_array_equal(thin.predict_proba(form(plain)), dense.predict_proba(plain))
    assert [len(one) for one in features.blocks(form(plain))] == [7] * 21 + [3]


def test_a_value_beyond_float32_is_named() -> None:
    large = X.copy()
    large[7, 2] = 1e200
    with pytest.raises(ValueError, match="feature 3 of row 8 of X is a number which is too large"):
        classifier().fit(large, y)
    with pytest.raises(ValueError, match="feature 3 of row 8 of X"):
        classifier(max_iter=1).fit(X, y).predict(large)


def test_a_training_that_diverges_says_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"no longer finite.*scale them first"):
        regressor(solver="sgd", learning_rate_init=10.0).fit(1e6 * X, 1e6 * VALUES)


def test_a_warm_start_wants_the_same_classes() -> None:
    fitted = classifier(warm_start=True, max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match=r"goes on with the classes \[0 1 2\], but y has \[F"):
        fitted.fit(X, y > 1)


@pytest.mark.filterwarnings("default")
def test_the_first_interrupt_keeps_what_was_learned() -> None:
    network = classifier(max_iter=100000, tol=0.0)
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.warns(UserWarning, match="interrupted by the user"):
            network.fit(X, y)
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    assert 0 < network.n_iter_ < 100000
    assert network.predict(X).shape == (150,)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_end_of_the_epochs_is_warned_of_where_it_was_called() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        classifier(max_iter=2).fit(X, y)
    assert [(one.category, one.filename) for one in told] == [(ConvergenceWarning, __file__)]


def test_every_solver_and_schedule_learns() -> None:
    for settings in (
        {"solver": "adamw", "learning_rate": "cosine"},
        {"solver": "nadam", "learning_rate": "one-cycle"},
        {"solver": "rmsprop", "learning_rate": "linear", "warmup": 3},
        {"solver": "lion", "learning_rate": "step", "lr_decay_every": 60, "n_iter_no_change": 99},
        {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.1},
        {"activation": ("gelu", "mish"), "layer_norm": True, "hidden_layer_sizes": (8, 8)},
        {"dropout": 0.1, "input_dropout": 0.05, "max_norm": 3.0, "clip_norm": 1.0, "l1": 1e-5},
    ):
        settings = {"learning_rate_init": 0.01, **settings}
        assert classifier(**settings).fit(X, y).score(X, y) > 0.9, settings


def test_multi_label_answers_are_labels_and_their_probabilities() -> None:
    features, labels = make_multilabel_classification(80, random_state=0)
    fitted = classifier(learning_rate_init=0.02).fit(features, labels)
    assert fitted.predict(features).shape == fitted.predict_proba(features).shape == labels.shape
    np.testing.assert_array_equal(fitted.predict(features), fitted.predict_proba(features) > 0.5)


def test_a_single_class_is_what_it_answers() -> None:
    fitted = classifier(max_iter=2).fit(X, ["only"] * 150)
    assert set(fitted.predict(X)) == {"only"}


def test_settings_without_a_place_are_told_as_settings_errors() -> None:
    with pytest.raises(SettingError) as raised:
        classifier(activation=("relu", "tanh")).fit(X, y)
    assert raised.value.setting == "activation"


def test_values_that_are_all_alike_are_learned_with_early_stopping() -> None:
    fitted = regressor(early_stopping=True, learning_rate_init=0.02).fit(X, np.ones(150))
    np.testing.assert_allclose(fitted.predict(X), 1, atol=0.3)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"hidden_layer_sizes": (9,)}),
        ({"hidden_layer_sizes": (1,)}, {"hidden_layer_sizes": (8,)}),
        ({}, {"hidden_layer_sizes": (8, 8)}),
        ({}, {"ensemble": 3}),
        ({"ensemble": 2}, {"ensemble": 3}),
        ({}, {"layer_norm": True}),
        ({}, {"ensemble": 2, "solver": "lbfgs"}),
    ],
)
def test_a_warm_start_wants_weights_of_the_same_shapes(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    fitted = classifier(max_iter=1, warm_start=True, **before).fit(X, y).set_params(**after)
    with pytest.raises(ValueError, match=r"the fitted weights are of shapes .* fit anew"):
        fitted.fit(X, y)


def test_a_warm_start_wants_as_many_targets() -> None:
    fitted = regressor(max_iter=1, warm_start=True).fit(X, VALUES)
    with pytest.raises(ValueError, match="the fitted weights are of shapes"):
        fitted.fit(X, X[:, :3])


@pytest.mark.parametrize(
    ("given", "settings", "message"),
    [
        ({"X_val": X}, {}, "X_val is given without y_val; give both, or neither"),
        ({"y_val": y}, {}, "y_val is given without X_val; give both, or neither"),
        ({"X_val": X, "y_val": y}, {"solver": "lbfgs"}, "solver='lbfgs' has none"),
    ],
)
def test_validation_samples_are_refused_where_they_would_not_be_scored(
    given: dict[str, Any], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        classifier(**settings).fit(X, y, **given)


def test_partial_fit_weighs_the_classes_that_a_part_of_the_samples_has() -> None:
    later, weight = y > 0, {0: 3.0}  # none of the later samples is of class 0
    weighted = classifier(class_weight=weight).partial_fit(X[later], y[later], classes=[0, 1, 2])
    plain = classifier().partial_fit(X[later], y[later], classes=[0, 1, 2])
    assert weighted.coefs_[0].tolist() == plain.coefs_[0].tolist()


def test_partial_fit_cannot_balance_classes_that_it_has_not_seen() -> None:
    with pytest.raises(ValueError, match="class_weight='balanced' counts; give a dict by class"):
        classifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])


def test_numpys_own_random_state_is_one() -> None:
    np.random.seed(3)
    one = classifier(random_state=np.random, max_iter=1).fit(X, y)
    other = classifier(random_state=np.random.RandomState(3), max_iter=1).fit(X, y)
    assert one.coefs_[0].tolist() == other.coefs_[0].tolist()


def test_poisson_refuses_negative_values_and_names_the_estimators_own_loss() -> None:
    with pytest.raises(ValueError, match=r"y has -2, but .* take loss='squared_error'"):
        regressor(loss="poisson").fit(X, np.where(y > 0, 1.0, -2.0))


def test_a_first_partial_fit_that_failed_leaves_the_features_open() -> None:
    estimator = regressor()
    with pytest.raises(ValueError, match="the weight in row 1"):
        estimator.partial_fit(X, VALUES, sample_weight=-np.ones(len(X)))
    assert estimator.partial_fit(X[:, :2], VALUES).n_features_in_ == 2


@pytest.mark.parametrize("sizes", [(16,), [16, 8], 16])
def test_sizes_given_where_the_loss_stands_are_answered_with_their_name(sizes: Any) -> None:
    network = MLPRegressor(sizes)
    with pytest.raises(SettingError) as raised:
        network.fit([[1.0], [2.0]], [1.0, 2.0])
    assert str(raised.value).endswith(
        f"is {sizes}, wanted a text; did you mean hidden_layer_sizes={sizes}?"
    )
