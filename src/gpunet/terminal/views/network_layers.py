"""The state of each layer: idle units, weights, gradients and steps, and their courses.

The numbers are those of ``training.insight``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw import formats
from gpunet.terminal.draw.block import Block, padded, text_block
from gpunet.terminal.draw.style import Ink, sparkline
from gpunet.terminal.views.view import View
from gpunet.training.events import RunInfo

__all__ = ["layers_table"]

NAME = 20
"""Cells of a layer's name."""

CURVE = 24
"""Most cells of a curve."""

SATURATING = ("sigmoid", "tanh", "scaled_tanh")
"""Activations that are flat at both ends; their idle units are called saturated, not dead."""


def layers_table(console: Console, view: View, run: RunInfo, width: int, rows: int) -> Block:
    """A line per layer below the column titles."""
    if view.insight is None or rows < 2:
        return Block(width, [])
    ascii_only = console.options.ascii_only
    room = max(0, (width - NAME) // 4 - 1)
    gradient = "gradient norm, 128 samples" if room > 26 else "gradient norm"
    titles = (_idle_title(run), "weight norm", gradient, "update/weights")
    when = f"epoch {view.insight.epoch}, step {view.insight.step}"
    head = padded(Text(when, Ink.MUTED), NAME, ascii_only)
    for title in titles:
        head.append(" ")
        head.append_text(padded(Text(title, Ink.MUTED), room, ascii_only))
    lines = [head]
    for index, layer in enumerate(view.insight.layers[: rows - 1]):
        spec = run.network.layers[index]
        name = f"{index + 1}  {spec.inputs}-{spec.outputs}"
        last = index == len(view.insight.layers) - 1
        activation = "answers" if last else spec.activation.replace("_", " ")
        line = padded(Text(f"{name} {activation}"), NAME, ascii_only)
        before = [one[index] for one in view.layers]
        course = [math.nan if one.idle is None else float(one.idle) for one in before]
        idle = "" if layer.idle is None else f"{layer.idle} of {spec.outputs}"
        style = Ink.WARNING if layer.idle and layer.idle * 2 >= spec.outputs else ""
        line.append(" ").append_text(
            _cell(idle, course, (0.0, float(spec.outputs)), room, ascii_only, style)
        )
        for figure in ("weight_norm", "gradient_norm", "update"):
            value = getattr(layer, figure)
            text = "" if math.isnan(value) else formats.loss(value)
            line.append(" ").append_text(
                _cell(text, [getattr(one, figure) for one in before], None, room, ascii_only)
            )
        lines.append(line)
    return text_block(console, lines, width)


def _idle_title(run: RunInfo) -> str:
    saturating = [name in SATURATING for name in run.network.activations]
    if not saturating:
        return ""
    return (
        "saturated units" if all(saturating) else "idle units" if any(saturating) else "dead units"
    )


def _cell(
    text: str,
    values: Sequence[float],
    bounds: tuple[float, float] | None,
    width: int,
    ascii_only: bool,
    style: str = "",
) -> Text:
    """A number and its course so far, on its own scale unless ``bounds`` are given.

    Curves without bounds are logarithmic, since gradients and steps vary by powers of ten.
    """
    number = Text(text.ljust(8), style or Ink.STRONG)
    if bounds is None:
        values = [math.log(value) for value in values if value > 0 and math.isfinite(value)]
        bounds = (min(values), max(values)) if values else (0.0, 0.0)
    else:
        values = [value for value in values if math.isfinite(value)]
    room = min(CURVE, width - 9)
    if room > 1 and text:
        number.append(" ").append_text(sparkline(values, bounds, room, Ink.MUTED, ascii_only))
    return padded(number, width, ascii_only)
