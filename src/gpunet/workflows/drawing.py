"""A model's predictions for a drawing while it is drawn."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.pixels import is_bright
from gpunet.engine.interface import Engine
from gpunet.errors import ModelError, OutputError, reason_of
from gpunet.files.output import free_path, write_file
from gpunet.model import Model
from gpunet.training.evaluation import predict_each
from gpunet.training.events import RunInfo
from gpunet.workflows.answers import answering_engine, unlabeled
from gpunet.workflows.new_samples import Reading, new_samples
from gpunet.workflows.training import untrained_model

__all__ = [
    "DrawingAnswers",
    "DrawingReader",
    "keep_drawing",
    "model_under_way",
    "require_images",
]


@dataclass(frozen=True, slots=True, eq=False)
class DrawingAnswers:
    """Predictions for the digits of a drawing, from left to right, or for all of it as one image.

    Args:
        features: (n, I) as ``gpunet predict`` reads them from the same picture.
        pictures: (n, height, width) gray levels as the networks see them.
        boxes: the position of each (left, top, right, bottom) in pixels of the picture.
        networks: (P, n, C) or (P, n, T) the predictions of each network.
    """

    features: NDArray[Any]
    pictures: NDArray[np.uint8]
    boxes: tuple[tuple[int, int, int, int], ...]
    networks: NDArray[np.float32] | NDArray[np.float64]

    @property
    def values(self) -> NDArray[np.floating[Any]]:
        """(n, C) or (n, T) the mean over the networks."""
        mean: NDArray[np.floating[Any]] = self.networks.mean(axis=0)
        return mean

    def nearest(self, x: float, y: float) -> int:
        """The sample that is nearest to a pixel of the picture."""
        left, top, right, bottom = np.array(self.boxes, np.float64).T  # (n,) each
        away = np.hypot(
            np.maximum(0, np.maximum(left - x, x - right)),
            np.maximum(0, np.maximum(top - y, y - bottom)),
        )
        return int(away.argmin())


class DrawingReader:
    """Predicts drawings one after the other with one engine, since creating it takes longer.

    Example:
        >>> import gpunet, numpy as np
        >>> from gpunet.terminal.draw.canvas import Canvas
        >>> X, y = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8), [0, 1] * 20
        >>> model = gpunet.train((X, y), epochs=1, verbose=False).model
        >>> DrawingReader().answer(model, Canvas().pressed(" ").png()).values.shape
        (1, 2)
    """

    def __init__(self) -> None:
        self._engine: Engine | None = None

    def answer(self, model: Model, png: bytes) -> DrawingAnswers:
        """A model's predictions for a picture, read as ``gpunet predict`` reads a file.

        All models of a reader must have the same network shape.

        Raises:
            DataError: nothing is drawn, or a figure is not a digit.
            ModelError: the model does not take images.
        """
        shape = require_images(model)
        (block,) = new_samples(model, io.BytesIO(png), Reading(by_image=True))
        if self._engine is None or self._engine.population != len(model.parameters):
            self._engine = answering_engine(model)
        samples = model.prepare(unlabeled(model, block.features))
        networks = predict_each(self._engine, model, samples)
        pictures = block.features.reshape(-1, *shape)
        seen = 255 - pictures if model.inverted else pictures
        return DrawingAnswers(block.features, seen, tuple(block.boxes or ()), networks)


def require_images(model: Model) -> tuple[int, int]:
    """The height and width of a model's images.

    Raises:
        ModelError: its samples are not images.
    """
    if model.image_shape is None:
        raise ModelError(
            f"drawing takes a model of images, but this one was trained on {model.origin.name!r}, "
            "whose samples are rows of a table; ask it by `gpunet predict`"
        )
    return model.image_shape


def keep_drawing(folder: Path, label: str, picture: NDArray[np.uint8]) -> Path:
    """Save a picture in the folder of its class, for `gpunet train`; the path of its file.

    Gray levels (height, width) are like those of the training images. Missing folders are created,
    and no file is replaced.

    Raises:
        OutputError: it cannot be written, or no folder can have the name of the class.
    """
    from PIL import Image

    if label in ("", ".", "..") or not label.isprintable() or {"/", "\\"} & {*label}:
        raise OutputError(f"no folder can be called {label!r}; save the picture by another way")
    own = folder / label
    try:
        own.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{own} cannot be made: {reason_of(error)}; give another folder"
        ) from error
    with free_path(own / "drawing.png") as path:
        write_file(path, lambda file: Image.fromarray(picture).save(file, "PNG"))
        return path


def model_under_way(run: RunInfo) -> Model:
    """The model that a run is training, without its weights."""
    return replace(
        untrained_model(run.config, run.dataset, None),
        scaling=run.scaling,
        inverted=is_bright(run.dataset),
        target_scaling=run.target_scaling,
    )
