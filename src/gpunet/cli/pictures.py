"""What a plot shows of samples and units: their images and the captions below them.

Owns the captions; which samples are shown belongs to the commands, drawing to ``plots``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gpunet.artifacts.plots import Picture
from gpunet.datasets.dataset import Samples
from gpunet.errors import DataError
from gpunet.model import Model
from gpunet.parameters import layer_views
from gpunet.terminal.draw import figures
from gpunet.terminal.draw.style import UNICODE
from gpunet.terminal.draw.weights import strongest_units
from gpunet.terminal.views.verdict import verdicts

__all__ = ["labeled_pictures", "require_images", "unit_pictures", "verdict_pictures"]


def require_images(name: str, image_shape: tuple[int, int] | None) -> tuple[int, int]:
    """The images' height and width.

    Raises:
        DataError: the samples are no images.
    """
    if image_shape is None:
        raise DataError(
            f"the samples of {name!r} are no images, so there is nothing to draw; leave out --plot"
        )
    return image_shape


def labeled_pictures(
    samples: Samples, classes: Sequence[str], image_shape: tuple[int, int]
) -> list[Picture]:
    """The samples with their classes' names."""
    return [
        Picture(features.reshape(image_shape), classes[int(label)])
        for features, label in zip(samples.features, samples.labels, strict=True)
    ]


def verdict_pictures(
    samples: Samples,
    probabilities: NDArray[np.float32],
    classes: Sequence[str],
    image_shape: tuple[int, int],
    losses: NDArray[np.float64] | None = None,
) -> list[Picture]:
    """The samples with what a network says of them.

    Args:
        samples: those to draw, n of them.
        probabilities: (n, C) of the same samples.
        classes: the classes' names, C of them.
        image_shape: height and width.
        losses: (n,) nats, to be told in the captions; ``None`` for no loss.
    """
    pictures = []
    for place, verdict in enumerate(verdicts(samples.labels, probabilities)):
        lines = [
            f"{verdict.mark(UNICODE)} {classes[verdict.prediction]}  "
            f"{100 * verdict.probability:.1f} %"
        ]
        if not verdict.right:
            lines.append(f"is {classes[verdict.label]}")
        if losses is not None:
            lines.append(f"loss {figures.loss(float(losses[place]))}")
        image = samples.features[place].reshape(image_shape)
        pictures.append(Picture(image, "\n".join(lines), verdict.right))
    return pictures


def unit_pictures(model: Model, image_shape: tuple[int, int], count: int) -> list[Picture]:
    """The incoming weights of the first layer's units, those of the largest norm first."""
    weights = layer_views(model.parameters[:1], model.network)[0][0][0]  # (I, O)
    return [
        Picture(
            weights[:, unit].reshape(image_shape),
            f"unit {unit}" if model.network.hidden else model.classes[unit],
        )
        for unit in strongest_units(weights, count)
    ]
