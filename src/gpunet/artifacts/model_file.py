"""The model file: a trained population with all that is needed to use it again.

A safetensors file. Its tensors are ``layers.0.weights`` (P, I, O), ``layers.0.biases`` (P, O) and
so on, float32, and ``scaling.mean`` and ``scaling.deviation`` (I,) if features were standardized,
float64 (older files have float32). Its metadata hold under ``gpunet`` one JSON text, the
``describe`` of this file. A file is never trusted: what is loaded has been checked for shapes,
types and finite values. The writing itself belongs to ``output``. A run extends the file of its
last epoch by what it needs to go on: tensors named ``run.*`` and the metadata entry ``run``, which
belong to ``run_state``.
"""

from __future__ import annotations

import dataclasses
import json
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gpunet import __version__
from gpunet.config import MAXIMUM_EPOCHS, NetworkSpec, TrainConfig
from gpunet.config.texts import written
from gpunet.datasets.dataset import (
    Columns,
    Scaling,
)
from gpunet.datasets.framing import MNIST, Framing
from gpunet.datasets.pixels import FRACTIONS, Levels
from gpunet.datasets.whereabouts import located, portable
from gpunet.errors import GpunetError, ModelError, spelled
from gpunet.files.output import write_atomically
from gpunet.model import Model, Origin, Scores
from gpunet.parameters import layer_views, norm_views

__all__ = [
    "FORMAT_VERSION",
    "Extension",
    "describe",
    "load",
    "load_extended",
    "save",
]

FORMAT_VERSION = 2
"""Raised whenever an older gpunet would misread the file."""

FORMATS = (1, 2)
"""Those that are read. A file of format 1 says nothing of pixels; they were never inverted."""

EXTENSION = "run"
"""The metadata entry, and before a dot the tensors' names, that a model does not need."""

Tensors = dict[str, NDArray[Any]]
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, eq=False)
class Extension:
    """What a file holds beside a model.

    Args:
        tensors: by their names without ``run.``; finite float32, otherwise unchecked.
        description: a JSON object; its entries are unchecked.
    """

    tensors: Tensors
    description: dict[str, Any]


def save(model: Model, path: Path, extension: Extension | None = None) -> None:
    """Write a model file; an older one is replaced only by a whole one.

    Raises:
        OutputError: the file cannot be written.
        ModelError: a weight is not finite, so that there is nothing worth keeping.
    """
    import safetensors.numpy

    if not np.isfinite(model.parameters).all():
        raise ModelError(
            "the network's weights are no longer finite, so there is no model to save; "
            f"train with a lower {spelled('learning_rate')}"
        )
    tensors = _tensors(model)
    metadata = {"gpunet": json.dumps(describe(model, path.parent), allow_nan=False)}
    if extension is not None:
        metadata[EXTENSION] = json.dumps(extension.description, allow_nan=False)
        for name, tensor in extension.tensors.items():
            tensors[f"{EXTENSION}.{name}"] = np.ascontiguousarray(tensor)
    write_atomically(path, safetensors.numpy.save(tensors, metadata))


def _tensors(model: Model) -> Tensors:
    tensors: Tensors = {}
    for place, (weights, biases) in enumerate(layer_views(model.parameters, model.network)):
        tensors[f"layers.{place}.weights"] = np.ascontiguousarray(weights)  # (P, I, O)
        tensors[f"layers.{place}.biases"] = np.ascontiguousarray(biases)  # (P, O)
    for place, (gains, offsets) in enumerate(norm_views(model.parameters, model.network)):
        tensors[f"layers.{place}.gains"] = np.ascontiguousarray(gains)  # (P, O)
        tensors[f"layers.{place}.offsets"] = np.ascontiguousarray(offsets)  # (P, O)
    if model.scaling is not None:
        tensors["scaling.mean"] = np.ascontiguousarray(model.scaling.mean)  # (I,)
        tensors["scaling.deviation"] = np.ascontiguousarray(model.scaling.deviation)  # (I,)
    return tensors


def describe(model: Model, folder: Path = Path()) -> dict[str, Any]:
    """All of a model but its weights, as JSON holds it in a file in a folder."""
    network, origin, test = model.network, model.origin, model.test
    return {
        "format": FORMAT_VERSION,
        "gpunet": __version__,
        "network": {
            "inputs": network.inputs,
            "hidden": list(network.hidden),
            "classes": network.classes,
            "activation": written(network.activation),
            "leaky_slope": network.leaky_slope,
            "loss": network.loss,
            "layer_norm": network.layer_norm,
        },
        "config": model.config.to_dict(),
        "classes": list(model.classes),
        "image_shape": None if model.image_shape is None else list(model.image_shape),
        "scaling": model.scaling is not None,
        "levels": list(model.levels),
        "inverted": model.inverted,
        "framing": None if model.framing is None else dataclasses.asdict(model.framing),
        "dataset": {
            "name": origin.name,
            "reference": portable(origin.reference, folder),
            "fingerprint": origin.fingerprint,
            "source": origin.source,
        },
        "best_epoch": model.best_epoch,
        "test": {"loss": test.loss, "accuracy": test.accuracy},
        "columns": None if model.columns is None else dataclasses.asdict(model.columns),
    }


def load(path: Path) -> Model:
    """Read a model file; the weights are those that were saved, bit by bit.

    Raises:
        ModelError: there is no such file, it cannot be read, or it is no sound model of gpunet.
    """
    return load_extended(path)[0]


def load_extended(path: Path) -> tuple[Model, Extension | None]:
    """Read a model file and what it holds beside the model, if anything.

    Raises:
        ModelError: as ``load`` does.
    """
    try:
        metadata, tensors = _read(path)
        extension = _take_extension(metadata, tensors)
        return _assemble(_description(metadata), tensors, path.parent), extension
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ModelError(
            f"the model {path} cannot be read: {reason}; give the path of a file that "
            "`gpunet train` wrote"
        ) from error
    except _UnsoundError as error:
        raise ModelError(
            f"{path} is no sound model file: {error}; name one that `gpunet train` wrote, or "
            "train it again"
        ) from error


class _UnsoundError(Exception):
    """Why a file is no model, as the middle part of a sentence."""


def _read(path: Path) -> tuple[Mapping[str, str], Tensors]:
    """The metadata and the tensors of a file, the latter not yet compared with the former."""
    from safetensors import SafetensorError, safe_open

    if not stat.S_ISREG(path.stat().st_mode):
        raise _UnsoundError("it is a folder or a device, wanted a file")
    with path.open("rb"):  # safe_open has no exception of its own for rights that are missing
        pass
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise _UnsoundError(f"it does not follow the safetensors format ({reason})") from error
    return metadata, tensors


def _take_extension(metadata: Mapping[str, str], tensors: Tensors) -> Extension | None:
    """What does not belong to the model, taken out of ``tensors``."""
    if EXTENSION not in metadata:
        return None
    prefix = f"{EXTENSION}."
    names = [name for name in tensors if name.startswith(prefix)]
    taken = {name.removeprefix(prefix): tensors.pop(name) for name in names}
    for name, tensor in taken.items():
        if tensor.dtype != np.float32 or not np.isfinite(tensor).all():
            raise _UnsoundError(f"{prefix}{name[:40]} does not hold finite float32 values")
    return Extension(taken, _json_object(metadata[EXTENSION]))


def _description(metadata: Mapping[str, str]) -> dict[str, Any]:
    if "gpunet" not in metadata:
        raise _UnsoundError("another program wrote it, as its metadata lack the entry 'gpunet'")
    description = _json_object(metadata["gpunet"])
    version = _field(description, "format", int)
    if version not in FORMATS:
        raise _UnsoundError(
            f"it has format {version} (of gpunet {description.get('gpunet')!s:.20}) and this "
            f"gpunet {__version__} reads formats up to {FORMAT_VERSION}"
        )
    return description


def _json_object(text: str) -> dict[str, Any]:
    try:
        description = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _UnsoundError("its metadata are no JSON") from error
    if not isinstance(description, dict):
        raise _UnsoundError("its metadata are no JSON object")
    return description


def _assemble(description: dict[str, Any], tensors: Tensors, folder: Path) -> Model:
    network = _network(_field(description, "network", dict))
    classes = tuple(_field(description, "classes", list))
    if len(classes) != network.classes or not all(isinstance(name, str) for name in classes):
        raise _UnsoundError(f"it does not name the network's {network.classes} classes")
    if len(set(classes)) < len(classes):
        raise _UnsoundError("it gives two classes one name")
    config = _config(_field(description, "config", dict))
    if config.network(network.inputs, network.classes) != network:
        raise _UnsoundError("its training configuration is that of another network")
    scaling = _field(description, "scaling", bool)
    _require_tensors(tensors, network, scaling)
    image_shape = _image_shape(description.get("image_shape"), network.inputs)
    if description["format"] == 1:
        description = description | _pixels_of_format_1(image_shape, classes)
    return Model(
        network=network,
        parameters=_parameters(tensors, network),
        config=config,
        classes=classes,
        image_shape=image_shape,
        scaling=_scaling(tensors) if scaling else None,
        origin=_origin(_field(description, "dataset", dict), folder),
        best_epoch=_within(0, _field(description, "best_epoch", int), MAXIMUM_EPOCHS),
        test=_scores(_field(description, "test", dict)),
        levels=_levels(_field(description, "levels", list)),
        inverted=_field(description, "inverted", bool),
        framing=_framing(_field(description, "framing", dict | None), image_shape),
        columns=_columns(description.get("columns"), network.inputs),
    )


def _network(description: dict[str, Any]) -> NetworkSpec:
    hidden = _field(description, "hidden", list)
    try:
        return NetworkSpec(
            inputs=_field(description, "inputs", int),
            hidden=tuple(_require_type("hidden", units, int) for units in hidden),
            classes=_field(description, "classes", int),
            activation=_field(description, "activation", str),
            leaky_slope=_field(description, "leaky_slope", float | int),
            loss=_field({"loss": "cross-entropy", **description}, "loss", str),
            layer_norm=_field({"layer_norm": False, **description}, "layer_norm", bool),
        )
    except GpunetError as error:
        raise _UnsoundError(f"its network cannot be ({error})") from error


def _config(description: dict[str, Any]) -> TrainConfig:
    try:
        return TrainConfig.from_dict(description)
    except (GpunetError, TypeError, ValueError, OverflowError) as error:
        raise _UnsoundError(f"its training configuration cannot be ({error})") from error


def _image_shape(shape: object, inputs: int) -> tuple[int, int] | None:
    match shape:
        case None:
            return None
        case [int(height), int(width)] if height > 0 and height * width == inputs:
            return height, width
    raise _UnsoundError(f"its image_shape does not make {inputs} features")


def _pixels_of_format_1(
    image_shape: tuple[int, int] | None, classes: tuple[str, ...]
) -> dict[str, Any]:
    """What was done to pixels when a file did not say it: ``predict`` framed MNIST's digits."""
    framed = image_shape == (28, 28) and classes == tuple("0123456789")
    return {
        "levels": list(FRACTIONS),
        "inverted": False,
        "framing": dataclasses.asdict(MNIST) if framed else None,
    }


def _levels(values: list[Any]) -> Levels:
    bound = float(np.finfo(np.float32).max)
    match values:
        case [float() | int() as black, float() | int() as white]:
            if -bound <= black < white <= bound and white - black <= bound:
                return float(black), float(white)
    raise _UnsoundError(f"its levels are {values!r:.40}, wanted two numbers, black and white")


def _framing(
    description: dict[str, Any] | None, image_shape: tuple[int, int] | None
) -> Framing | None:
    if description is None:
        return None
    if image_shape is None:
        raise _UnsoundError("it frames digits though its samples are no images")
    box, paper, ink = (_field(description, name, int) for name in ("box", "paper", "ink"))
    _within(1, box, min(image_shape))
    _within(0, paper, 255)
    _within(0, ink, 255)
    if paper == ink:
        raise _UnsoundError("its framing has ink like paper")
    return Framing(box, paper, ink)


def _columns(description: object, inputs: int) -> Columns | None:
    if description is None:
        return None
    if not isinstance(description, dict):
        raise _UnsoundError("its columns are no JSON object")
    given = _field(description, "features", list | None)
    columns = Columns(
        features=None
        if given is None
        else tuple(_require_type("features", title, str) for title in given),
        label=_field(description, "label", str | None),
        place=_field(description, "place", int),
        index=_field(description, "index", bool),
        grey=_field(description, "grey", bool),
    )
    titles = columns.features
    if titles is not None and not len(titles) == len(set(titles)) == inputs:
        raise _UnsoundError(f"it does not give titles to {inputs} columns")
    if not columns.index <= columns.place <= inputs + columns.index:
        raise _UnsoundError(f"its label is column {columns.place} beside {inputs} features")
    return columns


def _origin(description: dict[str, Any], folder: Path) -> Origin:
    return Origin(
        name=_field(description, "name", str),
        reference=located(_field(description, "reference", str | None), folder),
        fingerprint=_field(description, "fingerprint", str),
        source=_field(description, "source", str),
    )


def _scores(description: dict[str, Any]) -> Scores:
    loss = _field(description, "loss", float | int | None)
    accuracy = _field(description, "accuracy", float | int | None)
    return Scores(
        None if loss is None else _within(0.0, loss, sys.float_info.max),
        None if accuracy is None else _within(0.0, accuracy, 1.0),
    )


def _require_tensors(tensors: Tensors, network: NetworkSpec, scaling: bool) -> None:
    """Check names, shapes, types and values before anything is computed with them."""
    shapes = _wanted_shapes(tensors, network, scaling)
    for name in tensors:
        if name not in shapes:
            raise _UnsoundError(f"it holds a tensor {name[:40]!r} that its network does not have")
    for name, shape in shapes.items():
        if name not in tensors:
            raise _UnsoundError(f"the tensor {name} is missing")
        tensor = tensors[name]
        kinds = (np.float64, np.float32) if name.startswith("scaling.") else (np.float32,)
        if tensor.shape != shape or tensor.dtype not in kinds:
            wanted = np.dtype(kinds[0])
            raise _UnsoundError(
                f"{name} is {tensor.dtype} of shape {tensor.shape}, wanted {wanted} of {shape}"
            )
        if not np.isfinite(tensor).all():
            raise _UnsoundError(f"{name} holds NaN or infinity")


def _wanted_shapes(
    tensors: Tensors, network: NetworkSpec, scaling: bool
) -> dict[str, tuple[int, ...]]:
    first = tensors.get("layers.0.weights")
    population = 1 if first is None or first.ndim != 3 else max(1, len(first))
    shapes: dict[str, tuple[int, ...]] = {}
    for place, layer in enumerate(network.layers):
        shapes[f"layers.{place}.weights"] = (population, layer.inputs, layer.outputs)
        shapes[f"layers.{place}.biases"] = (population, layer.outputs)
        if network.layer_norm and place < len(network.hidden):
            shapes[f"layers.{place}.gains"] = (population, layer.outputs)
            shapes[f"layers.{place}.offsets"] = (population, layer.outputs)
    if scaling:
        shapes |= {"scaling.mean": (network.inputs,), "scaling.deviation": (network.inputs,)}
    return shapes


def _parameters(tensors: Tensors, network: NetworkSpec) -> NDArray[np.float32]:
    population = len(tensors["layers.0.weights"])
    parameters = np.empty((population, network.parameter_count), dtype=np.float32)
    for place, (weights, biases) in enumerate(layer_views(parameters, network)):
        weights[...] = tensors[f"layers.{place}.weights"]
        biases[...] = tensors[f"layers.{place}.biases"]
    for place, (gains, offsets) in enumerate(norm_views(parameters, network)):
        gains[...] = tensors[f"layers.{place}.gains"]
        offsets[...] = tensors[f"layers.{place}.offsets"]
    return parameters


def _scaling(tensors: Tensors) -> Scaling:
    if not (tensors["scaling.deviation"] > 0).all():
        raise _UnsoundError("scaling.deviation holds a value that is not above 0")
    mean, deviation = tensors["scaling.mean"], tensors["scaling.deviation"]
    return Scaling(mean.astype(np.float64), deviation.astype(np.float64))


def _within(lowest: float, value: Value, highest: float) -> Value:
    """The number, once it lies within bounds, which NaN does not."""
    if not lowest <= value <= highest:  # type: ignore[operator]
        raise _UnsoundError(f"its metadata hold {value!r:.40}, wanted {lowest} to {highest}")
    return value


def _field(description: dict[str, Any], name: str, kind: Any) -> Any:
    """The entry of that name, once it is there and of that kind."""
    if name not in description:
        raise _UnsoundError(f"its metadata lack {name!r}")
    return _require_type(name, description[name], kind)


def _require_type(name: str, value: Value, kind: Any) -> Value:
    """The value, once it is of that kind; true and false are no numbers."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise _UnsoundError(f"its metadata hold {value!r:.40} as {name!r}")
    return value
