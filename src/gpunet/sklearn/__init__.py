"""Estimators with scikit-learn's interface on gpunet's engines.

They are an extra: ``pip install "gpunet[sklearn]"``.
"""

from gpunet.errors import MissingExtraError

try:
    import sklearn  # noqa: F401 - checks that it is installed
except ImportError:
    raise MissingExtraError("an estimator", "scikit-learn", "sklearn") from None

from gpunet.sklearn.estimators import MLPClassifier, MLPRegressor
from gpunet.sklearn.search import PopulationSearchCV, cross_validate

__all__ = ["MLPClassifier", "MLPRegressor", "PopulationSearchCV", "cross_validate"]
