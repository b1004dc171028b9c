"""The checkpoint file: the state of a training run, with the latest weights."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from gpunet.artifacts.model_file import Extension, load_extended, save
from gpunet.config import Kind
from gpunet.errors import ModelError, spelled
from gpunet.files.typed_json import UnsoundError, typed
from gpunet.model import Model
from gpunet.training.events import EpochRecord
from gpunet.training.state import Begun, RunState

__all__ = ["load_state", "save_state"]

MOST_MOMENTS = 2
"""Most moments that an optimizer keeps: Adam's first and second."""

LONGEST_NAME = 1000
"""Most characters of a device's name; real names have about sixty."""


def save_state(model: Model, state: RunState, path: Path) -> None:
    """Write the state of a run; the file is also a model with the latest weights.

    Args:
        model: the model that the run trains, with any weights.
        state: the state of the run.
        path: the file; an existing file is replaced only by a complete one.

    Raises:
        OutputError: the file cannot be written.
        ModelError: a weight is not finite.
    """
    latest = dataclasses.replace(
        model,
        parameters=state.parameters,
        best_epoch=len(state.history),
        scaling=state.scaling,
        inverted=state.inverted,
        target_scaling=state.target_scaling,
    )
    networks = zip(state.best_epochs, state.histories, strict=True)
    run = _Run(
        tuple(_Network(*one) for one in networks),
        state.steps,
        state.seconds,
        state.device,
        state.window,
        state.begun,
    )
    tensors = {"moments": state.moments, "best": state.best}
    description = msgspec.json.decode(msgspec.json.encode(run))  # which has null for NaN
    save(latest, path, Extension(tensors, description))


def load_state(path: Path) -> tuple[Model, RunState]:
    """Read the state of a run, and the model with the latest weights.

    Raises:
        ModelError: there is no such file, or it holds no valid state of a run.
    """
    model, extension = load_extended(path)
    try:
        if extension is None:
            raise UnsoundError("it holds a model alone")
        return model, _assemble(model, extension)
    except UnsoundError as error:
        raise ModelError(
            f"{path} does not hold a run to resume: {error}; train again with another "
            f"{spelled('run_dir')}"
        ) from error


class _Network(msgspec.Struct):
    best_epoch: int
    history: tuple[EpochRecord, ...]


class _Run(msgspec.Struct):
    """The state of a run in the metadata."""

    networks: tuple[_Network, ...]
    steps: Annotated[int, Meta(gt=0, lt=1 << 62)]
    seconds: Annotated[float, Meta(ge=0)]
    device: Annotated[str, Meta(max_length=LONGEST_NAME)] = ""
    window: Annotated[int, Meta(gt=0, lt=1 << 62)] | None = None
    begun: Begun | None = None


def _assemble(model: Model, extension: Extension) -> RunState:
    run = typed(extension.description, _Run)
    population = len(model.parameters)
    if len(run.networks) != population:
        raise UnsoundError(f"it does not tell how its {population} networks were trained")
    histories = tuple(_history(network, model.network.kind) for network in run.networks)
    _require_begun(run, population, model.config.batch_size)
    _require_shapes(model, extension)
    return RunState(
        parameters=model.parameters,
        moments=extension.tensors["moments"],
        best=extension.tensors["best"],
        best_epochs=tuple(network.best_epoch for network in run.networks),
        histories=histories,
        steps=run.steps,
        seconds=run.seconds,
        scaling=model.scaling,
        inverted=model.inverted,
        device=run.device,
        window=run.window,
        begun=run.begun,
        target_scaling=model.target_scaling,
    )


def _history(network: _Network, kind: Kind) -> tuple[EpochRecord, ...]:
    """A network's history, with NaN again for the R2 of targets that do not vary."""
    measured = kind == "measured"
    history = tuple(map(_with_nan, network.history)) if measured else network.history
    for epoch, record in enumerate(history, start=1):
        sound = (
            record.epoch == epoch
            and (record.train_accuracy is None) == measured
            and (record.val_loss is None) == (record.val_score is None)
        )
        if not sound:
            raise UnsoundError(f"entry {epoch} of its history is damaged")
    if not min(1, len(history)) <= network.best_epoch <= len(history):
        raise UnsoundError("its best epoch is none of its history")
    return history


def _with_nan(record: EpochRecord) -> EpochRecord:
    """A record of measured targets with NaN where an R2 is missing."""
    train = math.nan if record.train_r2 is None else record.train_r2
    val = math.nan if record.val_r2 is None and record.val_loss is not None else record.val_r2
    return dataclasses.replace(record, train_r2=train, val_r2=val)


def _require_begun(run: _Run, population: int, batch_size: int) -> None:
    """Check the unfinished epoch; without one, there must be a finished epoch."""
    if (begun := run.begun) is None:
        if not all(network.history for network in run.networks):
            raise UnsoundError("there is no epoch in its history")
        return
    sums, window = [begun.loss, begun.correct, begun.seen], run.window or 0
    sums += [one for one in (begun.squared, begun.weight) if one]
    sound = (
        all(len(one) == population for one in sums)
        and begun.seconds >= 0
        and 0 < window <= begun.samples
        and begun.samples % window == window % batch_size == 0
        and any(begun.seen)
        and all(
            seen in (0, begun.samples) and correct >= 0
            for correct, seen in zip(begun.correct, begun.seen, strict=True)
        )
    )
    if not sound:
        raise UnsoundError("what it says of the epoch that is begun cannot be")


def _require_shapes(model: Model, extension: Extension) -> None:
    tensors, shape = extension.tensors, model.parameters.shape
    if {"moments", "best"} != set(tensors):
        raise UnsoundError("it does not hold the moments and the best weights alone")
    if tensors["best"].shape != shape:
        raise UnsoundError(f"its best weights have shape {tensors['best'].shape}, wanted {shape}")
    moments = tensors["moments"].shape
    if moments[1:] != shape or moments[0] > MOST_MOMENTS:
        raise UnsoundError(f"its moments have shape {moments}, wanted (0 to 2, *{shape})")
