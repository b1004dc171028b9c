"""Estimators for scikit-learn: what its users know, on gpunet's engines.

It is an extra: ``pip install "gpunet[sklearn]"``.
"""

from gpunet.errors import MissingExtraError

try:
    import sklearn  # noqa: F401 - whether it is there
except ImportError:
    raise MissingExtraError("an estimator", "scikit-learn", "sklearn") from None

from gpunet.sklearn.estimators import MLPClassifier, MLPRegressor
from gpunet.sklearn.search import PopulationSearchCV, cross_validate

__all__ = ["MLPClassifier", "MLPRegressor", "PopulationSearchCV", "cross_validate"]
