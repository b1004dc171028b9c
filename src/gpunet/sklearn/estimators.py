"""``MLPClassifier`` and ``MLPRegressor``: scikit-learn's interface to gpunet's training.

Each class encodes its targets and decodes the network's outputs. ``fitting`` trains, and
``parameters`` defines the parameters.
"""

# ruff: noqa: RUF009 - parameter() returns a dataclass field

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, RegressorMixin, is_regressor
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target, unique_labels
from sklearn.utils.validation import check_is_fitted, validate_data

from gpunet.config import Loss
from gpunet.datasets.dataset import Samples
from gpunet.sklearn.callbacks import CallbackSupportMixin, with_callbacks
from gpunet.sklearn.fitting import fit, outputs_of, partial_fit
from gpunet.sklearn.parameters import LBFGS, Parameters, parameter

__all__ = ["Estimator", "MLPClassifier", "MLPRegressor"]

Array = NDArray[Any]


def _hidden() -> Any:
    return parameter(
        (100,), "Units of each hidden layer, or a number for one layer.", setting="hidden"
    )


def _activation() -> Any:
    return parameter(
        "relu",
        "Activation of the hidden layers: one for all, or one for each.",
        setting="activation",
    )


def _has_epochs(estimator: Estimator) -> bool:
    if estimator.solver == LBFGS:
        raise AttributeError(
            f"partial_fit trains one epoch, but solver={LBFGS!r} has none; take another solver"
        )
    return True


@dataclass(eq=False, repr=False, kw_only=True)
class Estimator(CallbackSupportMixin, Parameters):  # type: ignore[misc]
    """Base class of the classifier and the regressor."""

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,  # noqa: N803 - as scikit-learn calls it
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,  # noqa: N803
        y_val: Any = None,
    ) -> Self:
        """Train on samples.

        Args:
            X: (n, I) numbers: an array, a sparse matrix or a data frame.
            y: (n,) classes or values, or (n, T) labels or values.
            sample_weight: (n,) weight of each sample.
            X_val: (m, I) validation samples, scored after every epoch; with ``early_stopping`` they
                take the place of the held-out samples.
            y_val: (m,) or (m, T) targets of the validation samples.

        Raises:
            ValueError: a parameter, or something in the data, cannot be; or training diverged.
        """
        fit(self, X, y, sample_weight, X_val=X_val, y_val=y_val)
        return self

    def _predicted(self, X: Any) -> Array:  # noqa: N803
        """The mean output (n, T) of the networks, in float32."""
        check_is_fitted(self)
        X = validate_data(  # noqa: N806
            self, X, accept_sparse=["csr", "csc"], dtype="numeric", reset=False
        )
        return outputs_of(self, X)

    def _weights(self, y: Array, given: NDArray[np.float64] | None) -> NDArray[np.float32] | None:
        """The weight of each sample (n,); ``None`` if all weights are equal."""
        return None if given is None else given.astype(np.float32)

    def _target_names(self) -> tuple[str, ...]:
        return ("y",) if self.n_outputs_ == 1 else tuple(f"y{i}" for i in range(self.n_outputs_))

    def _class_names(self) -> tuple[str, ...]:
        return tuple(map(str, self.classes_))

    def _validated(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Array]:  # noqa: N803
        """Features (n, I) and targets (n,) or (n, T), checked."""
        X, y = validate_data(  # noqa: N806
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            y_numeric=is_regressor(self),
            dtype="numeric",
            reset=reset,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _learn_targets(self, y: Array, *, reset: bool) -> None:
        """Learn the classes, or make sure that they are the known ones."""

    @abstractmethod
    def _encoded(self, y: Array) -> Array:
        """Checked targets in the form that ``Samples`` takes."""

    @abstractmethod
    def _targets(self, labels: Array) -> Array:
        """Targets in the user's form, from those in ``Samples`` or from outputs (n, outputs)."""

    @abstractmethod
    def _loss(self, labels: Array) -> Loss:
        """The loss for labels of this kind."""

    @abstractmethod
    def _loss_scale(self, samples: Samples) -> tuple[float, float]:
        """Factor and offset that turn gpunet's losses into scikit-learn's."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


@dataclass(eq=False, repr=False)
class MLPClassifier(ClassifierMixin, Estimator):  # type: ignore[misc]
    """A multilayer perceptron classifier, a drop-in replacement for scikit-learn's.

    The parameters up to ``max_fun`` are those of ``sklearn.neural_network.MLPClassifier``, with the
    same defaults and meaning; the others are gpunet's.

    The attributes are scikit-learn's: ``classes_``, ``coefs_``, ``intercepts_``, ``loss_``,
    ``loss_curve_``, ``best_loss_``, ``validation_scores_``, ``best_validation_score_``,
    ``n_iter_``, ``t_``, ``n_layers_``, ``n_outputs_``, ``out_activation_``, ``n_features_in_``,
    ``feature_names_in_``; and also ``validation_loss_curve_`` and ``device_``. The weights of an
    ensemble have an additional first axis for the networks.

    Example:
        >>> import gpunet
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.pipeline import make_pipeline
        >>> from sklearn.preprocessing import StandardScaler
        >>> X, y = load_iris(return_X_y=True)
        >>> network = gpunet.MLPClassifier((16,), max_iter=2000, random_state=0)
        >>> model = make_pipeline(StandardScaler(), network).fit(X, y)
        >>> model.score(X, y) > 0.95
        True
    """

    hidden_layer_sizes: Any = _hidden()
    activation: Any = _activation()
    _: KW_ONLY
    class_weight: Any = parameter(
        None, "Weight of each class: a dict by class, balanced, or None for equal weights."
    )
    label_smoothing: float = parameter(0.0, setting="label_smoothing")

    @available_if(_has_epochs)  # type: ignore[untyped-decorator]
    def partial_fit(
        self,
        X: Any,  # noqa: N803
        y: Any,
        sample_weight: Any = None,
        classes: Any = None,
    ) -> Self:
        """Train one epoch on samples, and go on with what was learned before.

        Args:
            X: (n, I) numbers.
            y: (n,) classes, or (n, T) labels.
            sample_weight: (n,) weight of each sample.
            classes: all classes; required in the first call.

        Raises:
            ValueError: a parameter, or something in the data, cannot be; or training diverged.
        """
        if isinstance(self.class_weight, str):
            raise ValueError(
                f"partial_fit does not know all samples that class_weight={self.class_weight!r} "
                "counts; give a dict by class"
            )
        if classes is None and not hasattr(self, "classes_"):
            raise ValueError("classes must be passed on the first call to partial_fit")
        if classes is not None:
            classes = unique_labels(classes)
            if not hasattr(self, "classes_"):
                labels = type_of_target(y).startswith("multilabel")
                self._label_binarizer = LabelBinarizer().fit(y if labels else classes)
                self.classes_ = classes
            elif not np.array_equal(self.classes_, classes):
                raise ValueError(
                    f"classes={classes} is not the same as on the last call to partial_fit, "
                    f"{self.classes_}; leave it out, or fit anew"
                )
        partial_fit(self, X, y, sample_weight)
        return self

    def predict(self, X: Any) -> Array:  # noqa: N803
        """Predict the class of every sample (n,), or its labels (n, T)."""
        return self._targets(self._predicted(X))

    def predict_proba(self, X: Any) -> Array:  # noqa: N803
        """Predict the probability (n, C) of each class, in the order of ``classes_``, or of labels.

        The probabilities are float32, the engines' precision.
        """
        answers = self._predicted(X)
        if self.n_outputs_ == 1:
            return np.column_stack((1 - answers, answers))
        return answers

    def predict_log_proba(self, X: Any) -> Array:  # noqa: N803
        """Predict the logarithms (n, C) of the probabilities."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def _learn_targets(self, y: Array, *, reset: bool) -> None:
        if reset:
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        elif not np.array_equal(found := unique_labels(y), self.classes_):
            raise ValueError(
                f"warm_start=True goes on with the classes {self.classes_}, but y has {found}; "
                "give the same classes, or fit anew"
            )

    def _encoded(self, y: Array) -> Array:
        if len(strange := np.setdiff1d(unique_labels(y), self.classes_)):
            raise ValueError(
                f"y has the classes {strange}, which are not among the known {self.classes_}; "
                "leave those samples out, or fit anew with all classes"
            )
        if type_of_target(y) != "multiclass" and self._label_binarizer.y_type_ != "multiclass":
            labels = self._label_binarizer.transform(y)
            self.n_outputs_ = labels.shape[1]
            return np.asarray(labels, np.float32)
        self.n_outputs_ = len(self.classes_)
        return np.searchsorted(self.classes_, y).astype(np.int32)

    def _target_names(self) -> tuple[str, ...]:
        if self.n_outputs_ == 1:
            return (str(self.classes_[-1]),)
        return self._class_names()

    def _weights(self, y: Array, given: NDArray[np.float64] | None) -> NDArray[np.float32] | None:
        if self.class_weight is None:
            return super()._weights(y, given)
        if isinstance(self.class_weight, Mapping) and y.ndim == 1:  # y may lack classes
            by_class = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
            weights = by_class[np.searchsorted(self.classes_, y)]
        else:
            weights = compute_sample_weight(self.class_weight, y)
        return np.asarray(weights if given is None else weights * given, np.float32)

    def _targets(self, labels: Array) -> Array:
        if labels.ndim == 1:
            return np.asarray(self.classes_[labels])
        if labels.shape[1] == 1:
            labels = labels.ravel()
        return self._label_binarizer.inverse_transform(labels)  # type: ignore[no-any-return]

    def _loss(self, labels: Array) -> Loss:
        return "cross-entropy" if labels.ndim == 1 else "binary-cross-entropy"

    def _loss_scale(self, samples: Samples) -> tuple[float, float]:
        return 1.0, 0.0

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


@dataclass(eq=False, repr=False)
class MLPRegressor(RegressorMixin, Estimator):  # type: ignore[misc]
    """A multilayer perceptron regressor, a drop-in replacement for scikit-learn's.

    The parameters up to ``max_fun`` are those of ``sklearn.neural_network.MLPRegressor``, with the
    same defaults and meaning; the others are gpunet's, as is the loss ``"huber"``: squared up to an
    error of 1, linear beyond. As in scikit-learn, y is not scaled: if its values are far from 0 or
    far apart, use ``sklearn.compose.TransformedTargetRegressor``.

    The attributes are those of ``MLPClassifier``, without ``classes_``.

    Example:
        >>> import gpunet
        >>> from sklearn.datasets import make_regression
        >>> from sklearn.preprocessing import scale
        >>> X, y = make_regression(200, 10, noise=10, random_state=0)
        >>> network = gpunet.MLPRegressor(learning_rate_init=0.01, random_state=0)
        >>> network.fit(X, scale(y)).score(X, scale(y)) > 0.95
        True
    """

    loss: str = parameter(
        "squared_error",
        "What is minimized: squared_error, huber or poisson.",
        kind=str,
        names=("squared_error", "huber", "poisson"),
    )
    hidden_layer_sizes: Any = _hidden()
    activation: Any = _activation()

    @available_if(_has_epochs)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803
        """Train one epoch on samples, and go on with what was learned before.

        Args:
            X: (n, I) numbers.
            y: (n,) or (n, T) values.
            sample_weight: (n,) weight of each sample.

        Raises:
            ValueError: a parameter, or something in the data, cannot be; or training diverged.
        """
        partial_fit(self, X, y, sample_weight)
        return self

    def predict(self, X: Any) -> Array:  # noqa: N803
        """Predict the value of every sample (n,), or its values (n, T)."""
        answers = self._predicted(X).astype(self.coefs_[0].dtype, copy=False)
        return self._targets(answers)

    def _encoded(self, y: Array) -> Array:
        values = np.asarray(y, np.float64).reshape(len(y), -1)
        if self.loss == "poisson" and (values < 0).any():
            raise ValueError(
                f"y has {values.min():g}, but loss='poisson' wants values of at least 0; take "
                "loss='squared_error'"
            )
        self.n_outputs_ = values.shape[1]
        return values

    def _targets(self, labels: Array) -> Array:
        return labels.ravel() if labels.shape[1] == 1 else labels

    def _loss(self, labels: Array) -> Loss:
        return self.loss.replace("_", "-")  # type: ignore[return-value]

    def _loss_scale(self, samples: Samples) -> tuple[float, float]:
        if self.loss != "poisson":
            return 1 / self.n_outputs_, 0.0
        y = samples.labels
        deviances = (y * np.log(np.where(y > 0, y, 1)) - y).sum(axis=1)
        return 1.0, float(np.average(deviances, weights=samples.weights))


def _documented(estimator: type[Estimator]) -> None:
    """Add the list of parameters to a class's docstring, before the example."""
    rows = [f"        {one.name}: {one.metadata['row'].help}" for one in fields(estimator)]
    text, mark, example = (estimator.__doc__ or "").partition("    Example:")
    estimator.__doc__ = text + "\n".join(["    Args:", *rows, "", ""]) + mark + example


_documented(MLPClassifier)
_documented(MLPRegressor)
