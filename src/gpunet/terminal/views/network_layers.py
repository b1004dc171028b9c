"""How each layer fares: idle units, weights, gradients and steps, and the course of each.

The numbers are those of ``training.insight``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw import formats
from gpunet.terminal.draw.block import Block, cut, text_block
from gpunet.terminal.draw.style import Ink, sparkline
from gpunet.terminal.views.view import View
from gpunet.training.events import LayerInsight, RunInfo

__all__ = ["layers_table"]

NAME = 20
"""Cells of a layer's name."""

CURVE = 24
"""Cells of a curve at most."""

SATURATING = ("sigmoid", "tanh", "scaled_tanh")
"""Activations that are flat at both ends, whose idle units are called saturated and not dead."""

Pick = Callable[[LayerInsight], float]


def layers_table(console: Console, view: View, run: RunInfo, width: int, rows: int) -> Block:
    """A line for each layer, below a head that says what the numbers are."""
    if view.insight is None or rows < 2:
        return Block(width, [])
    ascii_only = console.options.ascii_only
    room = max(0, (width - NAME) // 4 - 1)
    gradient = "gradient norm, 128 samples" if room > 26 else "gradient norm"
    titles = (_idle_title(run), "weight norm", gradient, "update/weights")
    when = f"epoch {view.insight.epoch}, step {view.insight.step}"
    head = cut(Text(when.ljust(NAME), Ink.MUTED), NAME, ascii_only)
    for title in titles:
        head.append(" ")
        head.append_text(cut(Text(title.ljust(room), Ink.MUTED), room, ascii_only))
    lines = [head]
    for index, layer in enumerate(view.insight.layers[: rows - 1]):
        spec = run.network.layers[index]
        name = f"{index + 1}  {spec.inputs}-{spec.outputs}"
        last = index == len(view.insight.layers) - 1
        activation = "answers" if last else spec.activation.replace("_", " ")
        line = cut(Text(f"{name} {activation}".ljust(NAME)), NAME, ascii_only)
        before = [one[index] for one in view.layers]
        idle = "" if layer.idle is None else f"{layer.idle} of {spec.outputs}"
        style = Ink.WARNING if layer.idle and layer.idle * 2 >= spec.outputs else ""
        line.append(" ").append_text(
            _cell(idle, before, _idle, (0.0, float(spec.outputs)), room, ascii_only, style)
        )
        for pick in (_weights, _gradient, _update):
            value = pick(layer)
            text = "" if math.isnan(value) else formats.loss(value)
            line.append(" ").append_text(_cell(text, before, pick, None, room, ascii_only))
        lines.append(line)
    return text_block(console, lines, width)


def _idle_title(run: RunInfo) -> str:
    saturating = [name in SATURATING for name in run.network.activations]
    if not saturating:
        return ""
    return (
        "saturated units" if all(saturating) else "idle units" if any(saturating) else "dead units"
    )


def _idle(layer: LayerInsight) -> float:
    return math.nan if layer.idle is None else float(layer.idle)


def _weights(layer: LayerInsight) -> float:
    return layer.weight_norm


def _gradient(layer: LayerInsight) -> float:
    return layer.gradient_norm


def _update(layer: LayerInsight) -> float:
    return layer.update


def _cell(
    text: str,
    course: Sequence[LayerInsight],
    pick: Pick,
    bounds: tuple[float, float] | None,
    width: int,
    ascii_only: bool,
    style: str = "",
) -> Text:
    """A number and its course so far, on a scale of its own unless there are bounds.

    Gradients and steps differ by powers of ten, so that curves without bounds are of logarithms.
    """
    number = Text(text.ljust(8), style or Ink.STRONG)
    values = [pick(one) for one in course]
    if bounds is None:
        values = [math.log(value) for value in values if value > 0 and math.isfinite(value)]
        bounds = (min(values), max(values)) if values else (0.0, 0.0)
    else:
        values = [value for value in values if math.isfinite(value)]
    room = min(CURVE, width - 9)
    if room > 1 and text:
        number.append(" ").append_text(sparkline(values, bounds, room, Ink.MUTED, ascii_only))
    line = cut(number, width, ascii_only)
    line.pad_right(max(0, width - line.cell_len))
    return line
