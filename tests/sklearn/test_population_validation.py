"""``gpunet.cross_validate`` gives what scikit-learn's gives, the networks side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.datasets import load_iris
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import gpunet

IRIS = load_iris(return_X_y=True)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def network() -> gpunet.MLPClassifier:
    return gpunet.MLPClassifier((6,), max_iter=8, random_state=0, device="cpu", batch_size=16)


def same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert list(ours) == list(theirs)
    for name in ours:
        if name.startswith(("test_", "train_")):
            assert ours[name].tolist() == theirs[name].tolist()


def test_scores_estimators_and_rows_are_those_of_scikit_learn() -> None:
    pipeline = make_pipeline(StandardScaler(), network())
    given: dict[str, Any] = {
        "cv": 4,
        "scoring": ["accuracy", "neg_log_loss"],
        "return_train_score": True,
        "return_estimator": True,
        "return_indices": True,
    }
    ours, theirs = gpunet.cross_validate(pipeline, *IRIS, **given), None
    theirs = cross_validate(pipeline, *IRIS, **given)
    same(ours, theirs)
    for one, other in zip(ours["estimator"], theirs["estimator"], strict=True):
        assert type(one) is type(pipeline)
        assert one[-1].coefs_[0].tobytes() == other[-1].coefs_[0].tobytes()
        assert one[-1].loss_curve_ == other[-1].loss_curve_
        assert one[-1].n_iter_ == other[-1].n_iter_
        assert one[-1].t_ == other[-1].t_
        assert one[-1].device_ == other[-1].device_
        assert one[0].mean_.tolist() == other[0].mean_.tolist()
    for own, rows in zip(ours["indices"]["test"], theirs["indices"]["test"], strict=True):
        assert own.tolist() == rows.tolist()


def test_an_estimator_goes_on_as_one_that_was_trained_alone() -> None:
    estimators = [
        gpunet.cross_validate(network(), *IRIS, cv=3, return_estimator=True)["estimator"][0],
        cross_validate(network(), *IRIS, cv=3, return_estimator=True)["estimator"][0],
    ]
    ours, theirs = (one.partial_fit(*IRIS) for one in estimators)
    assert ours.coefs_[0].tobytes() == theirs.coefs_[0].tobytes()


def test_groups_and_weights_go_where_they_belong() -> None:
    X, y = IRIS  # noqa: N806
    groups, weight = np.arange(len(y)) % 7, np.linspace(0.1, 2, len(y))
    given: dict[str, Any] = {"groups": groups, "cv": GroupKFold(3)}
    params = {"sample_weight": weight}
    ours = gpunet.cross_validate(network(), X, y, params=params, **given)
    same(ours, cross_validate(network(), X, y, params=params, **given))


def test_metadata_are_routed_to_network_folds_and_scores() -> None:
    X, y = IRIS  # noqa: N806
    params = {"groups": np.arange(len(y)) % 7, "sample_weight": np.linspace(0.1, 2, len(y))}
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = network().set_fit_request(sample_weight=True)
        estimator = estimator.set_score_request(sample_weight=True)
        given: dict[str, Any] = {"cv": GroupKFold(3), "params": params}
        same(
            gpunet.cross_validate(estimator, X, y, **given),
            cross_validate(estimator, X, y, **given),
        )
