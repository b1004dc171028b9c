"""``PopulationSearchCV`` and ``cross_validate``: as in scikit-learn, but networks train together.

scikit-learn does everything but the fits: it draws folds, scores, ranks and refits. It clones and
fits a stand-in, which turns into an estimator that ``together`` has already fitted.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from joblib import parallel_config
from joblib.parallel import get_active_backend
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import ParameterGrid, ParameterSampler, check_cv
from sklearn.model_selection import cross_validate as sklearn_cross_validate
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import indexable
from sklearn.utils.validation import _check_method_params

from gpunet.sklearn.together import Fit, fit_in_processes, fit_together

__all__ = ["PopulationSearchCV", "cross_validate"]


class _StandIn:
    """Stands in for an estimator until its ``fit``, which turns it into the fitted estimator.

    Args:
        estimator: the estimator that it stands for.
        fits: finished fits, in the order in which they are asked for. When none is left, the
            estimator is fitted as usual.
    """

    def __init__(self, estimator: Any, fits: deque[Fit]) -> None:
        self._estimator, self._fits = estimator, fits
        self._parameters: dict[str, Any] = {}

    def __sklearn_clone__(self) -> _StandIn:
        return _StandIn(self._estimator, self._fits)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__sklearn_tags__":
            raise AttributeError(name)
        return getattr(self._estimator, name)

    def set_params(self, **parameters: Any) -> Self:
        """Remember the parameters for the estimator."""
        self._parameters = parameters
        return self

    def fit(self, X: Any, y: Any = None, **params: Any) -> Any:  # noqa: N803
        """Become the next fitted estimator.

        Raises:
            Exception: any error that fitting it raised.
        """
        own = {"_estimator", "_fits", "_parameters"}
        context = {name: value for name, value in vars(self).items() if name not in own}
        if self._fits:
            done = self._fits.popleft()
            if done.error is not None:
                raise done.error
            fitted = done.estimator
            fitted.__dict__.update(context)
        else:
            fitted = clone(self._estimator).set_params(**self._parameters)
            fitted.__dict__.update(context)
            fitted.fit(*([X] if y is None else [X, y]), **params)
        self.__class__, self.__dict__ = type(fitted), fitted.__dict__
        return self


class PopulationSearchCV(BaseSearchCV):  # type: ignore[misc]
    """A search for parameters that trains all candidates side by side.

    It replaces scikit-learn's ``GridSearchCV`` and ``RandomizedSearchCV``. Every candidate and fold
    is one network of a population. All networks share one copy of the data, and each gets the same
    bits as if trained alone. Networks are in one population if they have the same layers,
    activation, loss, optimizer, batch size and number of steps per epoch; a population too large
    for the device is trained in parts. Attributes and ``cv_results_`` are scikit-learn's; the time
    of a fit is its share of the population's time.

    The estimator is a gpunet ``MLPClassifier`` or ``MLPRegressor``, or a ``Pipeline`` that ends
    with one, whose other steps are fitted for each candidate and fold. Estimators that cannot be
    trained side by side are fitted one by one, with a warning. Memory: the training rows are kept
    once if all folds share them, and once per fold if a step of a pipeline changes them;
    concatenating them briefly takes the same amount again.

    Args:
        estimator: estimator to clone and fit.
        param_grid: values by parameter, all of which are combined, as for ``GridSearchCV``.
        param_distributions: values or distributions by parameter, from which ``n_iter`` candidates
            are drawn, as for ``RandomizedSearchCV``; instead of ``param_grid``.
        n_iter: number of candidates to draw.
        random_state: seed for drawing candidates.
        scoring: one score or several, as in scikit-learn.
        n_jobs: number of joblib processes, each of which trains a share of the candidates side by
            side; by default only this process, which on numpy uses a thread per processor. On
            numpy, several processes are faster; on a GPU, one.
        refit: whether to fit the best candidate to all data, and by which score it is chosen.
        cv: the folds, as in scikit-learn.
        verbose: from 1 on, populations are printed.
        pre_dispatch: ignored; accepted for compatibility.
        error_score: the score of a fit that fails, or ``"raise"``.
        return_train_score: whether scores on the training rows are kept.

    Example:
        >>> import gpunet
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> network = gpunet.MLPClassifier((16,), tol=0.01, max_iter=500, random_state=0)
        >>> grid = {"alpha": [1e-4, 1e-2], "learning_rate_init": [0.01, 0.03]}
        >>> search = gpunet.PopulationSearchCV(network, grid, cv=3).fit(X, y)
        >>> bool(search.best_score_ > 0.9)
        True
    """

    def __init__(
        self,
        estimator: Any,
        param_grid: Any = None,
        *,
        param_distributions: Any = None,
        n_iter: int = 10,
        random_state: Any = None,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: Any = "2*n_jobs",
        error_score: Any = np.nan,
        return_train_score: bool = False,
    ) -> None:
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.param_grid, self.param_distributions = param_grid, param_distributions
        self.n_iter, self.random_state = n_iter, random_state

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:  # noqa: N803
        """Fit every candidate to every fold, and the best candidate to all samples.

        After an interrupted search, the results of an earlier one remain.

        Args:
            X: (n, I) samples.
            y: (n,) or (n, T) their targets.
            **params: further arguments of the estimator's ``fit``, such as ``sample_weight``, and
                the ``groups`` of the folds.

        Raises:
            ValueError: a parameter, or something in the data, cannot be.
        """
        search = copy.copy(self)
        search.n_jobs, search._processes = 1, self.n_jobs
        search._candidates = search._drawn()
        search.estimator = _StandIn(self.estimator, deque())
        search._given = X, y, params
        search._backend, _ = get_active_backend()
        with _in_this_process():
            BaseSearchCV.fit(search, X, y, **params)
        if search.scoring is None:
            search.scorer_ = check_scoring(self.estimator)
        names = set(self.get_params(deep=False))
        found = {k: v for k, v in vars(search).items() if k.endswith("_") and k not in names}
        for name in [k for k in vars(self) if k.endswith("_") and k not in names]:
            delattr(self, name)
        self.__dict__.update(found)
        return self

    def _drawn(self) -> list[dict[str, Any]]:
        """The parameters of each candidate."""
        if (self.param_grid is None) == (self.param_distributions is None):
            given = "neither" if self.param_grid is None else "both"
            raise ValueError(
                f"wanted param_grid or param_distributions, but {given} is given; give one of them"
            )
        if self.param_grid is not None:
            return list(ParameterGrid(self.param_grid))
        drawn = ParameterSampler(
            self.param_distributions, self.n_iter, random_state=self.random_state
        )
        return list(drawn)

    def _run_search(self, evaluate_candidates: Any) -> None:
        """Fit everything together; scikit-learn then collects it fit by fit."""
        (X, y, params), stand_in = self._given, self.estimator  # noqa: N806
        X, y = indexable(X, y)  # noqa: N806
        routed = self._get_routed_params_for_fit(_check_method_params(X, params=params))
        folds = list(self._checked_cv_orig.split(X, y, **routed.splitter.split))
        with parallel_config(self._backend):
            fits = fit_in_processes(
                self._processes,
                stand_in._estimator,
                self._candidates,
                X,
                y,
                folds,
                routed.estimator.fit,
                self.verbose,
            )
        self._seconds = [fit.seconds for fit in fits]
        stand_in._fits.extend(fits)
        evaluate_candidates(self._candidates, cv=check_cv(folds))

    def _format_results(
        self, candidate_params: Any, n_splits: int, out: Any, more_results: Any = None
    ) -> Any:
        """scikit-learn's results, with the times that the fits really took."""
        for one, seconds in zip(out, self._seconds, strict=True):
            one["fit_time"] += seconds
        return super()._format_results(candidate_params, n_splits, out, more_results)


def cross_validate(
    estimator: Any,
    X: Any,  # noqa: N803
    y: Any = None,
    *,
    groups: Any = None,
    scoring: Any = None,
    cv: Any = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    params: Mapping[str, Any] | None = None,
    pre_dispatch: Any = "2*n_jobs",
    return_train_score: bool = False,
    return_estimator: bool = False,
    return_indices: bool = False,
    error_score: Any = np.nan,
) -> dict[str, Any]:
    """Cross-validate like scikit-learn, with the networks of all folds trained side by side.

    Args:
        estimator: a gpunet ``MLPClassifier`` or ``MLPRegressor``, or a ``Pipeline`` that ends with
            one; any other estimator is fitted one by one.
        X: (n, I) samples.
        y: (n,) or (n, T) their targets.
        groups: (n,) group of each sample, for folds that keep groups together.
        scoring: one score or several, as in scikit-learn.
        cv: the folds, as in scikit-learn.
        n_jobs: ignored; the networks are trained in this process.
        verbose: from 1 on, populations are printed.
        params: further arguments of ``fit``, such as ``sample_weight``.
        pre_dispatch: ignored; accepted for compatibility.
        return_train_score: whether to return scores on the training rows.
        return_estimator: whether to return the fitted estimators.
        return_indices: whether to return the row indices of the folds.
        error_score: the score of a fit that fails, or ``"raise"``.

    Returns:
        Arrays with a number for each fold: ``test_score`` and so on, as scikit-learn's.

    Raises:
        ValueError: a parameter, or something in the data, cannot be.

    Example:
        >>> import gpunet
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> network = gpunet.MLPClassifier((16,), tol=0.01, max_iter=500, random_state=0)
        >>> found = gpunet.cross_validate(network, X, y, cv=3)
        >>> found["test_score"].shape
        (3,)
    """
    X, y = indexable(X, y)  # noqa: N806
    routed, kept = _routed(estimator, X, groups, scoring, cv, params or {})
    splitter = check_cv(cv, y, classifier=is_classifier(estimator))
    folds = list(splitter.split(X, y, **routed.splitter.split))
    fits = fit_together(estimator, [{}], X, y, folds, routed.estimator.fit, verbose=verbose)
    with _in_this_process():
        found: dict[str, Any] = sklearn_cross_validate(
            _StandIn(estimator, deque(fits)),
            X,
            y,
            groups=groups,
            scoring=scoring,
            cv=folds,
            n_jobs=1,
            verbose=verbose,
            params=kept,
            return_train_score=return_train_score,
            return_estimator=return_estimator,
            return_indices=return_indices,
            error_score=error_score,
        )
    found["fit_time"] = found["fit_time"] + _seconds(fits)
    return found


def _routed(
    estimator: Any,
    X: Any,  # noqa: N803
    groups: Any,
    scoring: Any,
    cv: Any,
    params: Mapping[str, Any],
) -> tuple[Any, dict[str, Any]]:
    """The parameters routed to each consumer, and those that are not only for the folds."""
    search = PopulationSearchCV(estimator, {}, scoring=scoring, cv=cv)
    given = dict(params) if groups is None else {**params, "groups": groups}
    routed = search._get_routed_params_for_fit(_check_method_params(X, params=given))
    elsewhere = set(routed.estimator.fit) | set(routed.scorer.score)
    kept = {k: v for k, v in params.items() if k in elsewhere or k not in routed.splitter.split}
    return routed, kept


def _in_this_process() -> Any:
    """A context in which ``n_jobs=1`` means this process, which holds the finished fits.

    Dask and other backends would ignore that number.
    """
    return parallel_config("threading")


def _seconds(fits: Sequence[Fit]) -> NDArray[np.float64]:
    return np.array([fit.seconds for fit in fits])
