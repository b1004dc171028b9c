"""The file of a checkpoint: where a training run stands, beside the latest weights.

Owns how it is checked. The file around it belongs to ``model_file``, its place to
``run_folder``.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any, TypeGuard

from gpunet.artifacts.model_file import Extension, load_extended, save
from gpunet.errors import ModelError, spelled
from gpunet.model import Model
from gpunet.training.events import EpochRecord
from gpunet.training.state import RunState

__all__ = ["load_state", "save_state"]

MOST_MOMENTS = 2
"""First and second, as Adam has; other optimizers have fewer."""

LONGEST_NAME = 1000
"""Characters of a device's name; real ones have some sixty."""


def save_state(model: Model, state: RunState, path: Path) -> None:
    """Write where a run stands; the file is also a model with the latest weights.

    Args:
        model: what the run trains, with any weights.
        state: where it stands.
        path: of the file; an older one is replaced only by a whole one.

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
    )
    description = {
        "networks": [
            {"best_epoch": best_epoch, "history": [dataclasses.asdict(one) for one in history]}
            for best_epoch, history in zip(state.best_epochs, state.histories, strict=True)
        ],
        "steps": state.steps,
        "seconds": state.seconds,
        "device": state.device,
    }
    tensors = {"moments": state.moments, "best": state.best}
    save(latest, path, Extension(tensors, description))


def load_state(path: Path) -> tuple[Model, RunState]:
    """Read where a run stands, and the model with the latest weights.

    Raises:
        ModelError: there is no such file, or it holds no sound state of a run.
    """
    model, extension = load_extended(path)
    try:
        if extension is None:
            raise _UnsoundError("it holds a model alone")
        return model, _assemble(model, extension)
    except _UnsoundError as error:
        raise ModelError(
            f"{path} does not hold a run to go on with: {error}; train anew with another "
            f"{spelled('run_dir')}"
        ) from error


class _UnsoundError(Exception):
    """Why there is no sound state, as the middle part of a sentence."""


def _assemble(model: Model, extension: Extension) -> RunState:
    description = extension.description
    networks = _networks(description, len(model.parameters))
    steps, seconds = description.get("steps"), description.get("seconds")
    if not _is_count(steps) or not 0 < steps < 1 << 62:
        raise _UnsoundError("it does not tell its steps")
    if not _is_figure(seconds) or seconds < 0:
        raise _UnsoundError("it does not tell its time")
    device = description.get("device", "")
    if not isinstance(device, str) or len(device) > LONGEST_NAME:
        raise _UnsoundError("it does not tell its device")
    _require_shapes(model, extension)
    return RunState(
        parameters=model.parameters,
        moments=extension.tensors["moments"],
        best=extension.tensors["best"],
        best_epochs=tuple(best_epoch for best_epoch, _ in networks),
        histories=tuple(history for _, history in networks),
        steps=steps,
        seconds=float(seconds),
        scaling=model.scaling,
        inverted=model.inverted,
        device=device,
    )


def _require_shapes(model: Model, extension: Extension) -> None:
    tensors, shape = extension.tensors, model.parameters.shape
    if {"moments", "best"} != set(tensors):
        raise _UnsoundError("it does not hold the moments and the best weights alone")
    if tensors["best"].shape != shape:
        raise _UnsoundError(f"its best weights have shape {tensors['best'].shape}, wanted {shape}")
    moments = tensors["moments"].shape
    if moments[1:] != shape or moments[0] > MOST_MOMENTS:
        raise _UnsoundError(f"its moments have shape {moments}, wanted (0 to 2, *{shape})")


def _networks(
    description: dict[str, Any], population: int
) -> list[tuple[int, tuple[EpochRecord, ...]]]:
    """The best epoch and the history of every network."""
    entries = description.get("networks")
    if not isinstance(entries, list) or len(entries) != population:
        raise _UnsoundError(f"it does not tell how its {population} networks were trained")
    return [_network(entry) for entry in entries]


def _network(entry: Any) -> tuple[int, tuple[EpochRecord, ...]]:
    if not isinstance(entry, dict):
        raise _UnsoundError("it has no history")
    history, best_epoch = _history(entry.get("history")), entry.get("best_epoch")
    if not _is_count(best_epoch) or not 1 <= best_epoch <= len(history):
        raise _UnsoundError("its best epoch is none of its history")
    return best_epoch, history


def _history(entries: Any) -> tuple[EpochRecord, ...]:
    if not isinstance(entries, list) or not entries:
        raise _UnsoundError("it has no history")
    return tuple(_record(epoch, entry) for epoch, entry in enumerate(entries, start=1))


def _record(epoch: int, entry: Any) -> EpochRecord:
    names = [field.name for field in dataclasses.fields(EpochRecord)]
    sound = isinstance(entry, dict) and set(entry) == set(names) and entry["epoch"] == epoch
    if not sound or not all(
        _is_figure(value) or (value is None and name.startswith("val_"))
        for name, value in entry.items()
    ):
        raise _UnsoundError(f"entry {epoch} of its history is damaged")
    if (entry["val_loss"] is None) != (entry["val_accuracy"] is None):
        raise _UnsoundError(f"entry {epoch} of its history is damaged")
    return EpochRecord(**entry)


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_figure(value: Any) -> TypeGuard[float]:
    """Whether it is a finite number; an integer may be too large for a float."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return abs(value) < 1e300 and math.isfinite(value)
