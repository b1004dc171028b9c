"""``gpunet show``: what a model is, and how it was trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gpunet.cli import options

if TYPE_CHECKING:
    from pathlib import Path

    from gpunet.model import Model

__all__ = ["show"]


def show(model: options.ModelFile = None, as_json: options.AsJson = False) -> None:
    """Show a model's layers, its size, how it was trained, and what the test set gave.

    Examples:
        gpunet show
        gpunet show 3 --json
        gpunet show model.safetensors
    """
    from gpunet.artifacts.model_file import load
    from gpunet.artifacts.report import strict_json
    from gpunet.terminal.live.console import make_console
    from gpunet.terminal.views.model_card import model_card

    path = options.chosen_model(model)
    loaded = load(path)
    if as_json:
        print(strict_json(_content(loaded, path.parent)))
        return
    model_card(make_console(), loaded, path.stat().st_size)


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
