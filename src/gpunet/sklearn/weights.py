"""Converts an estimator's ``coefs_`` and ``intercepts_`` to and from the engines' flat array.

The lists are authoritative: users may read and set them. An ensemble's have an additional first
axis for the networks.
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
    """Store the weights (P, N) of the networks in an estimator, as arrays of a type."""

    def arrays(views: Views, which: int) -> list[NDArray[Any]]:
        found = [one[which].astype(kind) for one in views(parameters, network)]
        return [one[0] for one in found] if len(parameters) == 1 else found

    estimator.coefs_, estimator.intercepts_ = arrays(layer_views, 0), arrays(layer_views, 1)
    if network.layer_norm:
        estimator.norm_scales_, estimator.norm_shifts_ = (
            arrays(norm_views, 0),
            arrays(norm_views, 1),
        )


def get_weights(estimator: Estimator, network: NetworkSpec, networks: int) -> NDArray[np.float64]:
    """The weights (P, N) of an estimator with P networks.

    Raises:
        ValueError: the lists have the wrong shapes.
    """
    parameters = np.zeros((networks, network.parameter_count))
    pairs = layer_views(parameters, network)
    lists = [estimator.coefs_, estimator.intercepts_]
    if network.layer_norm:
        pairs += norm_views(parameters, network)
        norms = [getattr(estimator, name, []) for name in ("norm_scales_", "norm_shifts_")]
        lists = [[*own, *norm] for own, norm in zip(lists, norms, strict=True)]
    for views, own in zip(zip(*pairs, strict=True), lists, strict=True):
        places = views if networks > 1 else [one[0] for one in views]
        shapes, wanted = [np.shape(one) for one in own], [one.shape for one in places]
        if shapes != wanted:
            raise ValueError(
                f"the fitted weights are of shapes {shapes}, but parameters and data want "
                f"{wanted}; set the parameters back, or fit anew with warm_start=False"
            )
        for place, array in zip(places, own, strict=True):
            place[...] = array
    return parameters


def networks_of(estimator: Estimator) -> int:
    """The number of networks of a fitted estimator."""
    first = np.asarray(estimator.coefs_[0])
    return len(first) if first.ndim == 3 else 1
