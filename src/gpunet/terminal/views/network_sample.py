"""A sample on its way through a network: the units' activations, and the answer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw import formats
from gpunet.terminal.draw.block import Block, beside, cut, padded, stack, text_block
from gpunet.terminal.draw.digits import grey_cells, picture
from gpunet.terminal.draw.style import Ink, bar, glyphs
from gpunet.terminal.draw.weights import signed_cells
from gpunet.terminal.live.console import shows_pixels
from gpunet.terminal.views.frame import heading
from gpunet.terminal.views.network_units import feature_names
from gpunet.terminal.views.verdict import verdicts
from gpunet.training.events import Insight, RunInfo

__all__ = ["sample_at_work"]

Array = NDArray[Any]


def sample_at_work(
    console: Console, run: RunInfo, insight: Insight, sample: int, width: int, rows: int
) -> Block:
    """A sample of the gallery, the activations of each hidden layer, and the answer."""
    count = min(len(insight.gallery), len(run.gallery))  # a log may hold fewer samples
    if not count or rows < 2:
        return Block(width, [])
    at = sample % count
    arrows = "up, down" if console.options.ascii_only else "↑ ↓"
    title = heading(console, f"sample {at + 1} of {count}", f"{arrows} for others", width)
    left = _sample(console, run, insight, at, width // 3, rows - 1)
    right = width - left.width - (2 if left.width else 0)
    layers = len(insight.activations)
    answers = 1 if run.network.kind == "measured" else run.network.outputs
    free = max(rows - 1 - answers, (rows - 1) // 2)
    most = max(1, min(4, free // max(1, layers)))
    way = [_activity(console, run, insight, layer, at, right, most) for layer in range(layers)]
    free = rows - 1 - sum(block.height for block in way)
    way.append(_answer(console, run, insight, at, right, free))
    whole = beside([left, stack(way, right)], gap=2 if left.width else 0)
    return stack([title, whole], width).shaped(width, rows)


def _sample(
    console: Console, run: RunInfo, insight: Insight, at: int, width: int, rows: int
) -> Block:
    """The picture of a sample and the verdict, or the values of its row of a table."""
    shape = run.dataset.image_shape
    if at >= len(run.gallery.features) or width < 8:  # a log leaves out wide rows
        return Block(0, [])
    if shape is None:
        return _row(console, run, run.gallery.features[at], width, rows)
    height = max(1, min(10, rows - 1, width // 2))
    columns = max(4, min(width, round(2 * height * shape[1] / shape[0])))
    image = picture(console, run.gallery.features[at].reshape(shape), columns, height)
    names = run.dataset.output_names
    truth, answer = run.gallery.labels[at : at + 1], insight.gallery[at : at + 1]
    (verdict,) = verdicts(truth, answer, names, run.network.kind)
    caption = verdict.caption(columns, console.options.ascii_only)
    caption.pad_left((columns - caption.cell_len) // 2)
    return stack([image, text_block(console, [caption], columns)], columns)


def _row(
    console: Console, run: RunInfo, values: NDArray[np.floating[Any]], width: int, rows: int
) -> Block:
    """The first columns of a row of a table, in their own units."""
    own = values if run.scaling is None else run.scaling.to_features(values)
    lines = []
    for name, value in zip(feature_names(run)[:rows], own.tolist(), strict=False):
        number = f"{value:.5g}"
        line = cut(
            Text(name, Ink.MUTED), max(0, width - len(number) - 1), console.options.ascii_only
        )
        line.pad_right(max(1, width - len(number) - line.cell_len))
        lines.append(line.append(number))
    return text_block(console, lines, width)


def _activity(
    console: Console, run: RunInfo, insight: Insight, layer: int, at: int, width: int, rows: int
) -> Block:
    """As many of a hidden layer's units as fit, each as a spot: the brighter, the more active."""
    every = np.nan_to_num(insight.activations[layer].astype(np.float64))  # (g, U)
    full = float(np.quantile(np.abs(every), 0.99)) or float(np.abs(every).max(initial=0)) or 1.0
    label = max(len(_label(run, one)) for one in range(len(insight.activations)))
    room, pixels = width - label - 1, shows_pixels(console)
    spots = _spots(every[at], room, 2 * rows if pixels else rows)
    units, shown = run.network.hidden[layer], min(len(every[at]), spots.size)
    name = _label(run, layer) if shown == units else f"{shown}/{units}"
    tall = 1 if pixels and len(spots) > 1 else 3 if pixels and rows > 1 else 2
    drawn = np.repeat(
        np.repeat(spots, tall, axis=0), max(1, min(4, room // spots.shape[1])), axis=1
    )
    if every.min(initial=0) < 0:
        cells = signed_cells(console, drawn, full)
    else:
        cells = grey_cells(console, np.clip(drawn / full, 0, 1))
    named = text_block(console, [Text(name, Ink.MUTED)], label)
    return beside([named, cells], gap=1).shaped(width, cells.height)


def _label(run: RunInfo, layer: int) -> str:
    """A hidden layer in short: its units and its activation."""
    return f"{run.network.hidden[layer]} {run.network.activations[layer].replace('_', ' ')}"


def _spots(values: NDArray[np.float64], width: int, most: int) -> NDArray[np.float64]:
    """Values (U,) in as few pixel rows as possible, at most ``most``; the last may not fit.

    With ``most`` above 2, the number of rows is odd, so that half a cell stays free below them.
    """
    down = -(-len(values) // max(1, width))
    down = min(most, down) if most < 3 else min(most - 1, down // 2 * 2 + 1)
    across = min(width, -(-len(values) // down))
    spots = np.zeros(down * across)
    kept = values[: spots.size]
    spots[: len(kept)] = kept
    return spots.reshape(down, across)


def _answer(
    console: Console, run: RunInfo, insight: Insight, at: int, width: int, rows: int
) -> Block:
    """The network's answer: probabilities, or predicted values."""
    if rows < 1 or width < 12:
        return Block(width, [])
    how = _prediction if run.network.kind == "measured" else _shares
    return how(console, run, run.gallery.labels[at], insight.gallery[at], width, rows)


def _prediction(
    console: Console, run: RunInfo, truth: Array, answer: Array, width: int, rows: int
) -> Block:
    """The predictions for measured targets beside the true values."""
    own = run.target_scaling
    pairs = np.stack([answer, truth]) if own is None else own.to_targets(np.stack([answer, truth]))
    lines = []
    for name, (said, true) in zip(run.dataset.targets[:rows], pairs.T.tolist(), strict=False):
        line = Text(f"{name} ", Ink.MUTED)
        line.append(formats.measured(said), Ink.STRONG)
        lines.append(line.append(f"  is {formats.measured(true)}", Ink.MUTED))
    return text_block(console, lines, width)


def _shares(
    console: Console, run: RunInfo, truth: Array, answer: Array, width: int, rows: int
) -> Block:
    """The probability of each class or label; if not all fit, the largest."""
    names = run.dataset.output_names
    known = np.nan_to_num(answer)
    order = np.arange(len(known))
    if len(order) > rows:
        order = np.argsort(-known, kind="stable")[:rows]
    alone = run.network.kind == "classes"
    true = {int(truth)} if alone else set(np.flatnonzero(truth > 0).tolist())
    said = {int(known.argmax())} if alone else set(np.flatnonzero(known > 0.5).tolist())
    name_width = min(max(Text(names[one]).cell_len for one in order), max(4, width // 3))
    marks, ascii_only = glyphs(console.options.ascii_only), console.options.ascii_only
    lines = []
    for one in order.tolist():
        style = Ink.MUTED if one not in said else Ink.RIGHT if one in true else Ink.WRONG
        line = Text().append(f"{marks.arrow if one in true else '':<2} ", Ink.LABEL)
        line.append_text(padded(Text(names[one]), name_width, ascii_only)).append(" ")
        length = max(0, width - name_width - 12)
        line.append_text(bar(float(known[one]), length, style, ascii_only))
        lines.append(line.append(f" {100 * known[one]:5.1f} %", style))
    return text_block(console, lines, width)
