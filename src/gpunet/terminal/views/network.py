"""The screen that shows the network itself while it learns.

Owns the layout. The parts belong to ``network_units``, ``network_layers`` and
``network_answers``, and the values that they show to ``training.insight``.
"""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw.block import Block, beside, stack, text_block
from gpunet.terminal.draw.style import Ink
from gpunet.terminal.views.cached import cached
from gpunet.terminal.views.network_answers import answers, answers_size, mistakes
from gpunet.terminal.views.network_layers import layers_table
from gpunet.terminal.views.network_sample import sample_at_work
from gpunet.terminal.views.network_units import first_layer
from gpunet.terminal.views.view import View
from gpunet.training.events import Insight, RunInfo

__all__ = ["network_screen"]

WIDE = 110
"""Fewest columns for the answers beside the mistakes."""

ROOMY = 25
"""Fewest rows for blank lines between the parts."""

LEAST = 9
"""Fewest rows of the weights and the sample, which come before everything else."""

LEAST_MISTAKES = 4
"""Fewest rows of the mistakes below the answers."""

GAP = 2
"""Cells between two parts side by side."""


def network_screen(console: Console, view: View, run: RunInfo, width: int, rows: int) -> Block:
    """The first layer's weights, a sample's activations, the layers, the answers and the mistakes.

    A smaller terminal shows fewer of them.
    """
    insight = view.insight
    if insight is None:
        words = "nothing was looked at" if view.reason else "looking into the network"
        return text_block(console, [Text(words, Ink.MUTED)], width).shaped(width, rows)
    parts, rest = [], rows
    if (networks := len(insight.parameters)) > 1 and rows >= ROOMY:
        words = f"weights and layers of the first of {networks} networks, answers of all together"
        parts.append(text_block(console, [Text(words, Ink.MUTED)], width))
        rest -= 1
    layers = max(0, min(len(run.network.layers) + 1, rest - LEAST))
    below = _below(run, insight, width, rest - layers)
    gap = Block(width, []).shaped(width, 1 if rows >= ROOMY else 0)
    gaps = (bool(layers) + bool(below)) * gap.height
    above = _above(console, view, run, width, rest - layers - below - gaps)
    parts.append(above)
    if layers:
        parts += [gap, layers_table(console, view, run, width, layers)]
    if below:
        parts += [gap, _answers(console, run, insight, width, below)]
    return stack(parts, width).shaped(width, rows)


def _answers(console: Console, run: RunInfo, insight: Insight, width: int, rows: int) -> Block:
    """The answers to validation samples and the worst mistakes, side by side if there is room."""
    columns, lines = answers_size(run, insight)
    if width >= WIDE:
        left = min(width // 2, columns)
        told = cached(answers, console, run, insight, left, rows)
        return beside(
            [told, cached(mistakes, console, run, insight, width - left - GAP, rows)], gap=GAP
        )
    first = lines if rows >= lines + LEAST_MISTAKES else 0
    told = cached(answers, console, run, insight, width, first)
    return stack([told, cached(mistakes, console, run, insight, width, rows - first)], width)


def _above(console: Console, view: View, run: RunInfo, width: int, rows: int) -> Block:
    """The first layer's weights beside a sample on its way through the network."""
    assert view.insight is not None
    left = (width - GAP) * 3 // 5
    right = width - left - GAP
    if width < 60:
        return cached(first_layer, console, run, view.insight, width, rows)
    return beside(
        [
            cached(first_layer, console, run, view.insight, left, rows),
            cached(sample_at_work, console, run, view.insight, view.sample, right, rows),
        ],
        gap=GAP,
    )


def _below(run: RunInfo, insight: Insight, width: int, rows: int) -> int:
    """Rows for the answers and the mistakes, out of the ``rows`` left by the layers."""
    if width >= WIDE:
        wanted = max(10, answers_size(run, insight)[1])
        return min(wanted, max(0, rows - LEAST - 4))
    spare, lines = rows - LEAST, answers_size(run, insight)[1]
    if spare >= lines + LEAST_MISTAKES:
        return max(lines + LEAST_MISTAKES, spare * 2 // 3)
    return spare if spare < 8 else spare * 2 // 3
