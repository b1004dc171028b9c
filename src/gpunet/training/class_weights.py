"""What a sample of each class counts in training."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpunet.config import parse_class_weights
from gpunet.errors import UsageError

__all__ = ["class_weights"]


def class_weights(text: str, labels: NDArray[np.int32], classes: int) -> NDArray[np.float32] | None:
    """The weights (C,) that a setting names; ``None`` if all count alike.

    Balanced weights are n / (C * n_c), so that every class counts alike in all and the mean
    weight of a sample is 1 (King & Zeng, "Logistic Regression in Rare Events Data", 2001); a
    class without samples weighs 0.

    Args:
        text: ``none``, ``balanced`` or a weight per class, as ``--class-weights`` takes it.
        labels: (n,) of the training samples.
        classes: C.

    Raises:
        UsageError: there is not one weight for each class.
    """
    wanted = parse_class_weights(text)
    if wanted == "none":
        return None
    if wanted == "balanced":
        counts = np.bincount(labels, minlength=classes)
        weights = len(labels) / (classes * np.maximum(counts, 1))
        return np.where(counts > 0, weights, 0).astype(np.float32)
    if len(wanted) != classes:
        raise UsageError(
            f"--class-weights {text} names {len(wanted)} weights for {classes} classes; give one "
            "for each, or balanced"
        )
    return np.array(wanted, dtype=np.float32)
