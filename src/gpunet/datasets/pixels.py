"""How a network gets an image's pixels: their range, and whether they are inverted.

Bytes, and floats from 0 to 1, are used directly. Mostly bright images are inverted, because inputs
near 1 nearly everywhere keep a network from learning. Floats of another range are standardized,
with the same mean and deviation for all pixels; then the background does not matter.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.blocks import range_of
from gpunet.datasets.dataset import Dataset, Samples

__all__ = ["FRACTIONS", "Levels", "are_pixels", "inverted", "is_bright", "levels_of"]

Levels = tuple[float, float]
"""The values of black and white in an image's features."""

FRACTIONS: Levels = (0.0, 1.0)
"""The levels of fractions, and of bytes, which stand for 0 to 1."""

LOOKED_AT = 4096
"""Number of images, spread over all, whose brightness is measured."""


def levels_of(dataset: Dataset) -> Levels:
    """The levels of black and white: a usual range that contains the images, else their own range.

    For samples that are not images, ``FRACTIONS``.
    """
    features = dataset.train.features
    if dataset.image_shape is None or features.dtype == np.uint8:
        return FRACTIONS
    lowest, highest = range_of(features)
    if lowest >= 0 and highest <= 1:
        return FRACTIONS
    if lowest >= -1 and highest <= 1:
        return -1.0, 1.0
    if lowest >= 0 and 127 < highest <= 255:
        return 0.0, 255.0
    return (lowest, highest) if lowest < highest else FRACTIONS


def are_pixels(dataset: Dataset) -> bool:
    """Whether the features are pixels from 0 to 1, as bytes or as floats."""
    if dataset.train.features.dtype == np.uint8:
        return True
    return dataset.image_shape is not None and levels_of(dataset) == FRACTIONS


def is_bright(dataset: Dataset) -> bool:
    """Whether the samples are images that should be inverted for a network.

    They are if the mean of all pixels is above the middle of the range: exactly then inverting
    reduces the mean square of the inputs. This works for dark ink on light paper with any border,
    and for photographs, where inverting matters little.
    """
    if dataset.image_shape is None or not are_pixels(dataset):
        return False
    features = dataset.train.features
    seen = features[:: -(-len(features) // LOOKED_AT) or 1]  # (seen, I)
    white = 255 if features.dtype == np.uint8 else 1
    return bool(seen.mean(dtype=np.float64) > white / 2)


def inverted(samples: Samples) -> Samples:
    """Invert images: 255 - x for bytes, 1 - x for floats."""
    features: NDArray[Any] = samples.features
    white = features.dtype.type(255 if features.dtype == np.uint8 else 1)
    with np.errstate(invalid="ignore"):  # for NaN, which is refused later
        return replace(samples, features=white - features)
