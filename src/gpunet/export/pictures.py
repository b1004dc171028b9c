"""The pictures that stand for a page: its icon, and the preview of a link to it.

Both show what the network looks for: the incoming weights of its strongest units, red where they
are positive and blue where they are negative, as in the terminal.
"""

from __future__ import annotations

import base64
import io
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gpunet.model import Model

__all__ = ["icon", "preview"]

ACROSS, DOWN = 4, 2
"""Columns and rows of units in a preview, about twice as wide as high."""

LEVELS = 15
"""Colors in a picture; few, so that the file stays small."""

NEGATIVE, ZERO, POSITIVE = (59, 76, 192), (246, 247, 249), (180, 4, 38)


def icon(model: Model) -> str:
    """The strongest unit's weights, as a data URL of a PNG."""
    return _data_url(_unit_pictures(model, 1)[0])


def preview(model: Model) -> str:
    """The weights of the strongest units, side by side, as a data URL of a PNG."""
    units = _unit_pictures(model, ACROSS * DOWN)
    height, width = units[0].shape
    field = np.zeros((DOWN * (height + 2), ACROSS * (width + 2)))
    for place, unit in enumerate(units):
        top, left = place // ACROSS * (height + 2) + 1, place % ACROSS * (width + 2) + 1
        field[top : top + height, left : left + width] = unit
    scale = max(1, round(240 / field.shape[1]))
    return _data_url(field.repeat(scale, axis=0).repeat(scale, axis=1))


def _unit_pictures(model: Model, count: int) -> list[NDArray[np.float32]]:
    """Incoming weights (h, w) of the first layer's strongest units, scaled to -1 to 1."""
    weights = model.layers[0][0][0]  # (I, O), the first network's
    strongest = np.argsort(-np.linalg.norm(weights, axis=0), kind="stable")[:count]
    side = math.ceil(math.sqrt(len(weights)))
    height, width = model.image_shape or (side, side)
    pictures = []
    for unit in sorted(strongest.tolist()):
        field = np.zeros(height * width, np.float32)
        field[: len(weights)] = weights[:, unit] / max(float(np.abs(weights[:, unit]).max()), 1e-30)
        step = -(-max(height, width) // 32)  # a larger image shows every second, third, ... pixel
        pictures.append(field.reshape(height, width)[::step, ::step])
    return pictures


def _data_url(values: NDArray[Any]) -> str:
    """A picture of values from -1 to 1."""
    numbers = np.rint((np.clip(values, -1, 1) + 1) / 2 * (LEVELS - 1)).astype(np.uint8)
    picture = Image.fromarray(numbers).convert("P")
    picture.putpalette([part for share in np.linspace(-1, 1, LEVELS) for part in _color(share)])
    content = io.BytesIO()
    picture.save(content, "png", optimize=True, bits=4)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


def _color(share: float) -> tuple[int, int, int]:
    end = POSITIVE if share > 0 else NEGATIVE
    red, green, blue = (
        round(zero + abs(share) * (one - zero)) for zero, one in zip(ZERO, end, strict=True)
    )
    return red, green, blue
