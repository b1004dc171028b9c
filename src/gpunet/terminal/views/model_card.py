"""A model at a glance: its layers, its size, how it was trained, and its test scores.

Owns the layout. The panels of settings, and which settings have an effect, come from the table of
settings. The scores of single classes belong to ``tables``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.console import Console, RenderableType
from rich.text import Text

from gpunet.config import LOSS_FACTS, panels
from gpunet.model import Model
from gpunet.parameters import layer_views
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.block import Block, beside, stack, text_block
from gpunet.terminal.draw.columns import Columns
from gpunet.terminal.draw.style import Ink, glyphs
from gpunet.terminal.views.score import CALLED, scores_in_words

__all__ = ["Rows", "model_card", "settings_in_use"]

Rows = Sequence[tuple[str, str]]
"""Names and values, one below the other."""

PANEL = 38
"""Columns of a panel; two fit side by side in 80 columns."""

GAP = 3
"""Columns between two panels."""

LISTED = 8
"""Most labels or targets that are named."""

SHOWN_ELSEWHERE = frozenset({"hidden", "activation", "framing"})
"""Settings already shown in the table of layers or the panel of the data."""


def model_card(console: Console, model: Model, file_bytes: int) -> None:
    """Print what a model is and how it was trained; ``file_bytes`` is the size of its file."""
    console.print(_layer_table(console, model))
    console.print()
    name = "best" if model.config.keep == "best" else "kept"
    result = [
        *scores_in_words(model.test, model.network.kind),
        (f"{name} epoch", str(model.best_epoch) if model.best_epoch else "none"),
    ]
    sections: dict[str, Rows] = {"Test": result, "Size": _size(model, file_bytes)}
    sections |= {heading: settings_in_use(model, names) for heading, names in panels().items()}
    sections["Data"] = [*_origin(model), *sections.pop("Data", [])]
    width = min(PANEL, console.width)
    drawn = [_panel(console, heading, rows, width) for heading, rows in sections.items() if rows]
    console.print(_side_by_side(drawn, console.width))


def _layer_table(console: Console, model: Model) -> RenderableType:
    """One row per layer: its shape, activation, parameters, and the spread of its weights."""
    arrow = glyphs(console.options.ascii_only).arrow
    network = model.network
    names = ["<layer", "shape", "<activation", "parameters", "share", "spread", "largest"]
    table = Columns(names)
    views = layer_views(model.parameters, network)
    for index, (layer, (weights, _)) in enumerate(zip(network.layers, views, strict=True)):
        last = index == len(network.hidden)
        norm = 2 * layer.outputs if network.layer_norm and not last else 0
        parameters = (layer.inputs + 1) * layer.outputs + norm
        cells = [
            "output" if last else f"hidden {index + 1}",
            f"{layer.inputs} {arrow} {layer.outputs}",
            LOSS_FACTS[network.loss].output if last else layer.activation,
            formats.count(parameters),
            formats.percent(parameters / network.parameter_count),
            formats.loss(float(weights.std(dtype=np.float64))),
            formats.loss(float(np.abs(weights).max())),
        ]
        table.add(*cells)
    return table


def settings_in_use(model: Model, names: Sequence[str]) -> Rows:
    """The model's settings that have an effect, in words; what is off is left out."""
    config = model.config
    shown = [name for name in names if name not in SHOWN_ELSEWHERE and config.has_effect(name)]
    if model.scaling is None:
        shown = [name for name in shown if name != "standardize"]
    rows = {name.replace("_", " "): _in_words(config.in_effect(name)) for name in shown}
    if "validation" in rows:  # a small dataset holds out fewer
        rows["validation"] += " (the setting)"
    return [*rows.items()]


def _in_words(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return formats.count(value)
        case float():
            return formats.count(int(value)) if value.is_integer() else f"{value:g}"
        case list() | tuple():
            return ", ".join(_in_words(entry) for entry in value)
    return str(value)


def _size(model: Model, file_bytes: int) -> Rows:
    networks, parameters = model.parameters.shape
    return [
        ("network", str(model.network)),
        *([("networks", formats.count(networks))] if networks > 1 else []),
        ("parameters", formats.count(parameters)),
        ("as float32", formats.size(model.parameters.nbytes)),
        ("file", formats.size(file_bytes)),
    ]


def _origin(model: Model) -> Rows:
    shape = model.image_shape
    return [
        ("name", model.origin.name),
        ("source", model.origin.source),
        ("features", formats.count(model.network.inputs)),
        *(_pixels(model, shape) if shape else []),
        _predicted(model),
        ("fingerprint", model.origin.fingerprint[:12]),
    ]


def _predicted(model: Model) -> tuple[str, str]:
    """What the model predicts: a number of classes, or the names of labels or targets."""
    if model.network.kind == "classes":
        return "classes", formats.count(len(model.classes))
    more = ", ..." if len(model.targets) > LISTED else ""
    listed = ", ".join(model.targets[:LISTED])
    return CALLED[model.network.kind], listed + more


def _pixels(model: Model, shape: tuple[int, int]) -> Rows:
    """How the pixels of an image of ``shape`` (height, width) are prepared."""
    framing = model.framing
    return [
        ("image", f"{shape[0]} by {shape[1]} pixels"),
        ("framing", f"mnist, in {framing.box} by {framing.box} pixels" if framing else "as-is"),
        *([("inverted", "yes")] if model.inverted else []),
    ]


def _panel(console: Console, heading: str, rows: Rows, width: int) -> Block:
    """A heading above names and values; long values are wrapped."""
    name_width = max(Text(name).cell_len for name, _ in rows) + 2
    lines = [Text(heading, Ink.STRONG)]
    for name, value in rows:
        parts = Text(value).wrap(console, max(4, width - name_width), overflow="fold")
        for line, part in enumerate(parts or [Text()]):
            part.rstrip()
            label = ("" if line else name).ljust(name_width)
            lines.append(Text.assemble((label, Ink.MUTED), part))
    return text_block(console, [*lines, Text()], width)


def _side_by_side(panels: Sequence[Block], width: int) -> Block:
    """The panels in as many columns as fit, each added to the shortest column."""
    panel = panels[0].width
    columns: list[list[Block]] = [[] for _ in range(max(1, (width + GAP) // (panel + GAP)))]
    for block in panels:
        min(columns, key=lambda column: sum(part.height for part in column)).append(block)
    return beside([stack(column, panel) for column in columns if column], GAP)
