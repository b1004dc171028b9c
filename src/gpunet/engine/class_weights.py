"""How much a sample of each class counts in training."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config import NetworkSpec
from gpunet.config.texts import written
from gpunet.errors import SettingError

__all__ = ["class_weights"]


def class_weights(
    wanted: str | tuple[float, ...], labels: NDArray[Any], network: NetworkSpec
) -> NDArray[np.float32] | None:
    """The class weights (C,) that the setting asks for; ``None`` if all classes count the same.

    Balanced weights are n / (C * n_c), so that all classes have the same total weight and the mean
    weight of a sample is 1 (King & Zeng, "Logistic Regression in Rare Events Data", 2001); a
    class without samples gets 0.

    The labels (n,) are those of the training samples.

    Raises:
        SettingError: there is not one weight for each class.
    """
    if wanted == "none":
        return None
    classes = network.outputs
    if network.kind != "classes":
        raise SettingError(
            "class_weights",
            wanted,
            "none",
            "weigh the samples instead",
            f"is {written(wanted)}, but the data tell no classes",
        )
    if wanted == "balanced":
        counts = np.bincount(labels, minlength=classes)
        weights = len(labels) / (classes * np.maximum(counts, 1))
        return np.where(counts > 0, weights, 0).astype(np.float32)
    if len(wanted) != classes:
        raise SettingError(
            "class_weights",
            wanted,
            f"{classes} weights",
            "give one for each, or balanced",
            f"{written(wanted)} names {len(wanted)} weights for {classes} classes",
        )
    return np.array(wanted, dtype=np.float32)
