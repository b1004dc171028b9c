"""The weights of an estimator, ``coefs_`` and ``intercepts_``, and the flat array of the engines.

An estimator's lists are what counts: users may read and set them. Those of an ensemble have an axis
more, the networks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config import NetworkSpec
from gpunet.parameters import layer_views, norm_views

if TYPE_CHECKING:
    from gpunet.sklearn.estimators import Estimator

__all__ = ["get_weights", "networks_of", "set_weights"]

Views = Callable[[NDArray[Any], NetworkSpec], list[tuple[NDArray[Any], NDArray[Any]]]]


def set_weights(
    estimator: Estimator,
    parameters: NDArray[np.floating[Any]],
    network: NetworkSpec,
    kind: np.dtype[Any],
) -> None:
    """Give an estimator the weights (P, N) of its networks, as arrays of a type."""

    def arrays(views: Views, which: int) -> list[NDArray[Any]]:
        found = [one[which].astype(kind) for one in views(parameters, network)]
        return [one[0] for one in found] if len(parameters) == 1 else found

    estimator.coefs_, estimator.intercepts_ = arrays(layer_views, 0), arrays(layer_views, 1)
    if network.layer_norm:
        estimator.norm_scales_, estimator.norm_shifts_ = (
            arrays(norm_views, 0),
            arrays(norm_views, 1),
        )


def get_weights(estimator: Estimator, network: NetworkSpec) -> NDArray[np.float64]:
    """The weights (P, N) of an estimator."""
    networks = networks_of(estimator)
    parameters = np.zeros((networks, network.parameter_count))
    for (weights, biases), coefs, intercepts in zip(
        layer_views(parameters, network), estimator.coefs_, estimator.intercepts_, strict=True
    ):
        weights[...], biases[...] = coefs, intercepts
    if network.layer_norm:
        for (scales, shifts), own, other in zip(
            norm_views(parameters, network),
            estimator.norm_scales_,
            estimator.norm_shifts_,
            strict=True,
        ):
            scales[...], shifts[...] = own, other
    return parameters


def networks_of(estimator: Estimator) -> int:
    """How many networks a fitted estimator has."""
    first = np.asarray(estimator.coefs_[0])
    return len(first) if first.ndim == 3 else 1
