"""The model file: a trained population with everything needed to use it again.

A safetensors file. Its tensors are ``layers.0.weights`` (P, I, O), ``layers.0.biases`` (P, O) and
so on, float32; ``scaling.mean`` and ``scaling.deviation`` (I,), float64 (float32 in older files),
if features were standardized, with ``scaling.fill`` (I,) if missing values are not filled with the
mean; and ``targets.mean`` and ``targets.deviation`` (T,), float64, if measured targets were
standardized. Its metadata have one JSON text under ``gpunet``, as from ``describe``. Files are not
trusted: shapes, types and finite values are checked. A run extends the file of its last epoch by
what it needs to resume: tensors named ``run.*`` and the metadata entry ``run``.
"""

from __future__ import annotations

import dataclasses
import json
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from gpunet import __version__
from gpunet.config import LARGEST_NUMBER, MAXIMUM_EPOCHS, NetworkSpec, TrainConfig
from gpunet.config.texts import written
from gpunet.datasets.framing import MNIST, Framing
from gpunet.datasets.origin import Origin
from gpunet.datasets.pixels import FRACTIONS
from gpunet.datasets.scaling import Scaling
from gpunet.datasets.table_columns import Columns
from gpunet.datasets.tables.sound_columns import require_columns
from gpunet.datasets.whereabouts import located, portable
from gpunet.errors import ModelError, UsageError, reason_of, spelled
from gpunet.files.output import write_atomically
from gpunet.files.typed_json import UnsoundError, from_json, typed
from gpunet.model import Model, Scores
from gpunet.parameters import layer_views, norm_views

__all__ = [
    "FORMAT_VERSION",
    "Extension",
    "describe",
    "load",
    "load_extended",
    "save",
]

FORMAT_VERSION = 4
"""Raised whenever an older gpunet would misread the file."""

FORMAT_OF_CLASSES = 3
"""The format for models of classes, so that older versions can read them."""

FORMATS = (1, 2, 3, 4)
"""Formats that can be read. Format 1 says nothing about pixels; they were never inverted. Up to
format 2 every column of a table is one feature, and no cell may be missing. Up to format 3 there
are only classes, neither labels nor measured targets."""

EXTENSION = "run"
"""The metadata entry, and the prefix of the tensors, that a file has besides the model."""

Tensors = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Extension:
    """The content of a file besides the model."""

    tensors: Tensors  # by name without ``run.``; finite float32, otherwise unchecked
    description: dict[str, Any]  # from JSON; its entries are unchecked


def save(model: Model, path: Path, extension: Extension | None = None) -> None:
    """Write a model file; an existing file is replaced only by a complete one.

    Raises:
        OutputError: the file cannot be written.
        ModelError: a weight is not finite, so the model is not worth keeping.
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
    tensors: Tensors = dict(_views(model.parameters, model.network))
    if model.scaling is not None:
        tensors |= {
            "scaling.mean": model.scaling.mean,
            "scaling.deviation": model.scaling.deviation,
        }
        if model.scaling.fill is not None:
            tensors["scaling.fill"] = model.scaling.fill
    if model.target_scaling is not None:
        tensors |= {
            "targets.mean": model.target_scaling.mean,
            "targets.deviation": model.target_scaling.deviation,
        }
    return {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}


def _views(
    parameters: NDArray[np.float32], network: NetworkSpec
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """The tensors of the layers by name, as views into the parameters (P, N)."""
    for index, (weights, biases) in enumerate(layer_views(parameters, network)):
        yield f"layers.{index}.weights", weights  # (P, I, O)
        yield f"layers.{index}.biases", biases  # (P, O)
    for index, (scales, shifts) in enumerate(norm_views(parameters, network)):
        yield f"layers.{index}.gains", scales  # (P, O)
        yield f"layers.{index}.offsets", shifts  # (P, O)


def _written_network(network: NetworkSpec) -> dict[str, Any]:
    """A network for JSON; the entry of its outputs tells their kind."""
    content = {
        **dataclasses.asdict(network),
        "hidden": list(network.hidden),
        "activation": written(network.activation),
    }
    if network.kind != "classes":
        return content
    return {"classes" if name == "outputs" else name: one for name, one in content.items()}


def describe(model: Model, folder: Path = Path()) -> dict[str, Any]:
    """A model without its weights, for the JSON of a file in this folder."""
    origin, of_classes = model.origin, model.network.kind == "classes"
    return {
        "format": FORMAT_OF_CLASSES if of_classes else FORMAT_VERSION,
        "gpunet": __version__,
        "network": _written_network(model.network),
        "config": model.config.to_dict(),
        "classes": list(model.classes),
        "image_shape": None if model.image_shape is None else list(model.image_shape),
        "scaling": model.scaling is not None,
        "levels": list(model.levels),
        "inverted": model.inverted,
        "framing": None if model.framing is None else dataclasses.asdict(model.framing),
        "dataset": {
            **dataclasses.asdict(origin),
            "reference": portable(origin.reference, folder),
        },
        "best_epoch": model.best_epoch,
        "test": model.test.to_dict(model.network.kind),
        "columns": None if model.columns is None else _columns(model.columns),
        **({} if of_classes else _of_targets(model)),
    }


def _columns(columns: Columns) -> dict[str, Any]:
    """The columns for JSON; older versions know only one label column."""
    further = ("further", "further_labels")
    content = dataclasses.asdict(columns)
    return {name: one for name, one in content.items() if one or name not in further}


def _of_targets(model: Model) -> dict[str, Any]:
    return {"targets": list(model.targets), "target_scaling": model.target_scaling is not None}


def load(path: Path) -> Model:
    """Read a model file; the weights are bit for bit those that were saved.

    Raises:
        ModelError: there is no such file, it cannot be read, or it is not a valid gpunet model.
    """
    return load_extended(path)[0]


def load_extended(path: Path) -> tuple[Model, Extension | None]:
    """Read a model file, and its content besides the model, if any.

    Raises:
        ModelError: as in ``load``.
    """
    try:
        metadata, tensors = _read(path)
        extension = _take_extension(metadata, tensors)
        return _assemble(metadata, tensors, path.parent), extension
    except OSError as error:
        raise ModelError(
            f"the model {path} cannot be read: {reason_of(error)}; give the path of a file that "
            "`gpunet train` wrote"
        ) from error
    except UnsoundError as error:
        raise ModelError(
            f"{path} is no sound model file: {error}; name one that `gpunet train` wrote, or "
            "train it again"
        ) from error


def _read(path: Path) -> tuple[Mapping[str, str], Tensors]:
    """The metadata and the tensors of a file, not yet compared with each other."""
    from safetensors import SafetensorError, safe_open

    if not stat.S_ISREG(path.stat().st_mode):
        raise UnsoundError("it is a folder or a device, wanted a file")
    with path.open("rb"):  # safe_open has no exception for missing permissions
        pass
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnsoundError("it does not follow the safetensors format") from error
    return metadata, tensors


def _take_extension(metadata: Mapping[str, str], tensors: Tensors) -> Extension | None:
    """Take everything that does not belong to the model out of ``tensors``."""
    if EXTENSION not in metadata:
        return None
    prefix = f"{EXTENSION}."
    names = [name for name in tensors if name.startswith(prefix)]
    taken = {name.removeprefix(prefix): tensors.pop(name) for name in names}
    for name, tensor in taken.items():
        if tensor.dtype != np.float32 or not np.isfinite(tensor).all():
            raise UnsoundError(f"{prefix}{name[:40]} does not hold finite float32 values")
    return Extension(taken, from_json(metadata[EXTENSION], dict[str, Any]))


class _Scores(msgspec.Struct):
    loss: float | None
    accuracy: Annotated[float, Meta(ge=0, le=1)] | None = None
    r2: Annotated[float, Meta(le=1)] | None = None
    rmse: Annotated[float, Meta(ge=0)] | None = None
    mae: Annotated[float, Meta(ge=0)] | None = None


class _Description(msgspec.Struct, kw_only=True):
    """The metadata of format 1."""

    network: NetworkSpec
    config: dict[str, Any]
    classes: tuple[str, ...]
    scaling: bool
    dataset: Origin
    best_epoch: Annotated[int, Meta(ge=0, le=MAXIMUM_EPOCHS)]
    test: _Scores
    image_shape: tuple[Annotated[int, Meta(ge=1)], Annotated[int, Meta(ge=1)]] | None = None
    columns: Columns | None = None
    targets: tuple[str, ...] = ()
    target_scaling: bool = False

    @property
    def pixels(self) -> _Pixels:
        """The treatment of pixels in format 1: ``predict`` framed MNIST's digits."""
        framed = self.image_shape == (28, 28) and self.classes == tuple("0123456789")
        return _Pixels(FRACTIONS, False, MNIST if framed else None)


class _Pixels(msgspec.Struct):
    """The metadata that format 2 adds: the treatment of pixels."""

    levels: tuple[float, float]
    inverted: bool
    framing: Framing | None


def _assemble(metadata: Mapping[str, str], tensors: Tensors, folder: Path) -> Model:
    if "gpunet" not in metadata:
        raise UnsoundError("another program wrote it, as its metadata lack the entry 'gpunet'")
    content = from_json(metadata["gpunet"], dict[str, Any])
    version = content.get("format")
    if type(version) is not int or version not in FORMATS:
        raise UnsoundError(
            f"it has format {_line(version)} (of gpunet {_line(content.get('gpunet'))}) and this "
            f"gpunet {__version__} reads formats up to {FORMAT_VERSION}"
        )
    if isinstance(network := content.get("network"), dict) and "classes" in network:
        network["outputs"] = network.pop("classes")
    known = typed(content, _Description)
    for name in ("activation", "leaky_slope"):  # a file always has them
        if name not in content["network"]:
            raise UnsoundError(f"network lacks {name!r}")
    pixels = known.pixels if version == 1 else typed(content, _Pixels)
    try:
        config = TrainConfig.from_dict(known.config)
    except UsageError as error:
        raise UnsoundError(f"its training configuration cannot be ({error})") from error
    _require_sound(known, pixels, config)
    _require_tensors(tensors, known)
    return Model(
        network=known.network,
        parameters=_parameters(tensors, known.network),
        config=config,
        classes=known.classes,
        image_shape=known.image_shape,
        scaling=_scaling(tensors, config) if known.scaling else None,
        origin=dataclasses.replace(
            known.dataset, reference=located(known.dataset.reference, folder)
        ),
        best_epoch=known.best_epoch,
        test=Scores(**msgspec.structs.asdict(known.test)),
        levels=pixels.levels,
        inverted=pixels.inverted,
        framing=pixels.framing,
        columns=known.columns,
        targets=known.targets,
        target_scaling=_target_scaling(tensors) if known.target_scaling else None,
    )


def _line(value: object) -> str:
    """A file's value in place of a word, on one line and shortened, for messages."""
    return " ".join(str(value).split())[:20]


def _require_sound(known: _Description, pixels: _Pixels, config: TrainConfig) -> None:
    """Check that the entries of the metadata are consistent."""
    network, shape = known.network, known.image_shape
    what, names, none = "classes", known.classes, known.targets
    if network.kind != "classes":
        what, names, none = "targets", known.targets, known.classes
    if len(names) != network.outputs or none:
        raise UnsoundError(f"it does not name the network's {network.outputs} {what}")
    if len(set(names)) < len(names):
        raise UnsoundError(f"it gives two {what} one name")
    if known.target_scaling and network.kind != "measured":
        raise UnsoundError(f"it scales {what}, which are not measured")
    if known.test.loss is not None and known.test.loss < 0 and network.loss != "poisson":
        raise UnsoundError(f"its test has a loss of {known.test.loss}, wanted at least 0")
    if config.network(network.inputs, network.outputs) != network:
        raise UnsoundError("its training configuration is that of another network")
    if shape is not None and shape[0] * shape[1] != network.inputs:
        raise UnsoundError(f"its image_shape does not make {network.inputs} features")
    black, white = pixels.levels
    if not -LARGEST_NUMBER <= black < white <= LARGEST_NUMBER or white - black > LARGEST_NUMBER:
        raise UnsoundError(f"its levels are {pixels.levels}, wanted black below white")
    if pixels.framing is not None:
        _require_framing(pixels.framing, shape)
    if known.columns is not None:
        places, wanted = len(known.columns.places), max(1, len(known.targets))
        if places != wanted and (places > 1 or known.columns.label is not None):
            raise UnsoundError(f"it has {places} columns for {network.outputs} {what}")
        require_columns(known.columns, network.inputs, shape is not None, known.scaling)


def _require_framing(framing: Framing, image_shape: tuple[int, int] | None) -> None:
    if image_shape is None:
        raise UnsoundError("it frames digits though its samples are no images")
    levels = (framing.paper, framing.ink)
    if not 1 <= framing.box <= min(image_shape) or min(levels) < 0 or max(levels) > 255:
        raise UnsoundError(f"it frames digits as {framing}, which no image of its samples can be")
    if framing.paper == framing.ink:
        raise UnsoundError("its framing has ink like paper")


def _require_tensors(tensors: Tensors, known: _Description) -> None:
    """Check names, shapes, types and values before anything is computed with them."""
    shapes = _wanted_shapes(tensors, known)
    for name in tensors:
        if name not in shapes:
            raise UnsoundError(f"it holds a tensor {name[:40]!r} that its network does not have")
    for name, shape in shapes.items():
        if name not in tensors:
            raise UnsoundError(f"the tensor {name} is missing")
        tensor = tensors[name]
        scales = name.startswith(("scaling.", "targets."))
        kinds = (np.float64, np.float32) if scales else (np.float32,)
        if tensor.shape != shape or tensor.dtype not in kinds:
            wanted = np.dtype(kinds[0])
            raise UnsoundError(
                f"{name} is {tensor.dtype} of shape {tensor.shape}, wanted {wanted} of {shape}"
            )
        if not np.isfinite(tensor).all():
            raise UnsoundError(f"{name} holds NaN or infinity")


def _wanted_shapes(tensors: Tensors, known: _Description) -> dict[str, tuple[int, ...]]:
    network = known.network
    first = tensors.get("layers.0.weights")
    population = 1 if first is None or first.ndim != 3 else max(1, len(first))
    # A network far larger than its file takes no memory here.
    blank = np.broadcast_to(np.float32(0), (1, network.parameter_count))
    shapes = {name: (population, *view.shape[1:]) for name, view in _views(blank, network)}
    if known.target_scaling:
        shapes |= dict.fromkeys(("targets.mean", "targets.deviation"), (network.outputs,))
    if known.scaling:
        names = ("scaling.mean", "scaling.deviation", "scaling.fill")
        shapes |= dict.fromkeys(names[: 2 + (names[2] in tensors)], (network.inputs,))
    return shapes


def _parameters(tensors: Tensors, network: NetworkSpec) -> NDArray[np.float32]:
    population = len(tensors["layers.0.weights"])
    parameters = np.empty((population, network.parameter_count), dtype=np.float32)
    for name, view in _views(parameters, network):
        view[...] = tensors[name]
    return parameters


def _scaling(tensors: Tensors, config: TrainConfig) -> Scaling:
    mean, deviation = _mean_and_deviation(tensors, "scaling")
    fill = tensors.get("scaling.fill")
    return Scaling(
        mean,
        deviation,
        None if fill is None else fill.astype(np.float64),
        clips=config.standardize and config.scaling == "robust",
    )


def _target_scaling(tensors: Tensors) -> Scaling:
    return Scaling(*_mean_and_deviation(tensors, "targets"))


def _mean_and_deviation(
    tensors: Tensors, of: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not (tensors[f"{of}.deviation"] > 0).all():
        raise UnsoundError(f"{of}.deviation holds a value that is not above 0")
    mean, deviation = tensors[f"{of}.mean"], tensors[f"{of}.deviation"]
    if max(np.abs(mean).max(), deviation.max()) > LARGEST_NUMBER:
        raise UnsoundError(f"{of}.mean or {of}.deviation is beyond float32")
    return mean.astype(np.float64), deviation.astype(np.float64)
