"""``gpunet show``: what a model is, and how it was trained."""

from __future__ import annotations

import dataclasses
import inspect
import json
from typing import TYPE_CHECKING, Any, get_args

from gpunet.cli import options
from gpunet.cli.train import train
from gpunet.config import TrainConfig

if TYPE_CHECKING:
    from pathlib import Path

    from gpunet.model import Model

__all__ = ["setting_panels", "show"]

OTHER = "Other"
"""The heading of settings that the command line does not offer."""


def show(model: options.ModelFile, as_json: options.AsJson = False) -> None:
    """Show a model's layers, its size, how it was trained, and what the test set gave."""
    from gpunet.artifacts.model_file import load
    from gpunet.terminal.live.console import make_console
    from gpunet.terminal.views.model_card import model_card

    loaded = load(model)
    if as_json:
        print(json.dumps(_content(loaded, model.parent), indent=2, allow_nan=False))
        return
    model_card(make_console(), loaded, model.stat().st_size, setting_panels())


def setting_panels() -> dict[str, list[str]]:
    """The names of the training settings, by the panel of the help of ``gpunet train``."""
    offered = inspect.signature(train, eval_str=True).parameters
    panels: dict[str, list[str]] = {}
    left = [field.name for field in dataclasses.fields(TrainConfig)]
    for name in [name for name in offered if name in left]:
        option = get_args(offered[name].annotation)[1]
        panels.setdefault(option.rich_help_panel, []).append(name)
        left.remove(name)
    return {**panels, OTHER: left} if left else panels


def _content(model: Model, folder: Path) -> dict[str, Any]:
    from gpunet.artifacts.model_file import describe

    layers = [
        {
            "inputs": layer.inputs,
            "outputs": layer.outputs,
            "activation": layer.activation,
            "parameters": (layer.inputs + 1) * layer.outputs,
        }
        for layer in model.network.layers
    ]
    return {**describe(model, folder), "networks": len(model.parameters), "layers": layers}
